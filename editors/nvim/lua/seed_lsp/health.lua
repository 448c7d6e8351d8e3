--- Answers `:checkhealth seed_lsp`.
local M = {}

function M.check()
  local health = vim.health
  health.start('seed_lsp')
  if vim.fn.has('nvim-0.11') == 0 then
    health.error('Neovim 0.11 or later is needed')
    return
  end
  health.ok(('Neovim %s, inline completion by %s'):format(tostring(vim.version()), vim.lsp.inline_completion and 'its own module' or 'this plugin'))
  local options = require('seed_lsp').options
  if options == nil then
    health.error('setup was not called', "Add to your configuration: require('seed_lsp').setup()")
    return
  end
  local program = options.cmd[1]
  if vim.fn.executable(program) == 0 then
    health.error(('%s is no program'):format(program), { 'install it as a tool: uv tool install, or pipx install, with a wheel or a checkout of seed-lsp', "or say where it is: setup({ cmd = { '/path/to/seed-lsp', 'serve' } })" })
    return
  end
  health.ok(('server: %s'):format(vim.fn.exepath(program)))
  local clients = vim.lsp.get_clients({ name = require('seed_lsp.client').name })
  if #clients == 0 then
    health.warn('no server is running; open a file of one of the file types that setup names')
  else
    health.ok(('%d running, %s'):format(#clients, require('seed_lsp.status').state and require('seed_lsp.status').state.message or 'ready'))
  end
  local model = vim.tbl_get(options.settings, 'model')
  local command = vim.list_extend({ program, 'doctor' }, model and { '--model', model } or {})
  local done = vim.system(command, { text = true, cwd = vim.uv.os_homedir() }):wait(60000)
  local tell = done.code == 0 and health.ok or health.warn
  tell('doctor:\n' .. vim.trim((done.stdout or '') .. (done.stderr or '')))
end

return M
