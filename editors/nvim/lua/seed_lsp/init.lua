--- Sets Seed up in Neovim: the server does the work, and here are its keys, its commands and its colours.
local client_of = require('seed_lsp.client')

local M = {}

---@class seed_lsp.Options
---@field cmd? string[] the program and its arguments that start the server
---@field filetypes? string[]
---@field root_markers? string[]
---@field settings? table the server's settings, nested: `{ inline = { maxTokens = 64 } }`
---@field inline? boolean whether to complete inline
---@field next_edit? boolean whether to show next edits
---@field keys? table<string, string|false> the key of each action, or false for none

local DEFAULTS = {
  cmd = { 'seed-lsp', 'serve' },
  filetypes = { 'python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'go', 'rust', 'java', 'c', 'cpp' },
  root_markers = { 'pyproject.toml', 'setup.py', 'package.json', 'go.mod', 'Cargo.toml', '.git' },
  settings = {},
  inline = true,
  next_edit = true,
  keys = {
    accept = '<Tab>',
    accept_word = '<M-w>',
    accept_line = '<M-l>',
    next_edit = '<Tab>',
    dismiss = '<M-e>',
  },
}

---@type seed_lsp.Options?
M.options = nil

--- Return a component for a statusline: `%{%v:lua.require'seed_lsp'.statusline()%}`.
function M.statusline()
  return require('seed_lsp.status').statusline()
end

--- The server reads what stands before the cursor, so that the first key finds the model warm.
local function tell_focus(client, bufnr)
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  client:notify('textDocument/didFocus', { textDocument = { uri = vim.uri_from_bufnr(bufnr) }, position = params.position })
end

local function on_attach(client, bufnr)
  local options = assert(M.options)
  local group = vim.api.nvim_create_augroup('seed_lsp.focus', { clear = false })
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
  vim.api.nvim_create_autocmd('BufEnter', {
    group = group,
    buffer = bufnr,
    callback = function()
      if not client:is_stopped() then
        tell_focus(client, bufnr)
      end
    end,
  })
  if vim.api.nvim_get_current_buf() == bufnr then
    tell_focus(client, bufnr)
  end
  if options.inline then
    require('seed_lsp.inline').attach(client, bufnr)
  end
  if options.next_edit then
    require('seed_lsp.next_edit').attach(client, bufnr)
  end
end

local told = false

--- Tell once that a model is missing. It is fetched by a command, never unasked.
local function tell_of_missing_model(client)
  if told then
    return
  end
  told = true
  client_of.execute(client, 'seed.models', {}, function(found)
    if found.missing ~= vim.NIL and found.missing ~= nil then
      local spec = vim.iter(found.models):find(function(model)
        return model.name == found.chosen or model.alias == found.chosen
      end)
      local size = spec and (' (%.1f GB)'):format(spec.bytes / 1e9) or ''
      client_of.say(('the model %s%s is not on this machine yet; :SeedFetchModel downloads it'):format(found.chosen, size), vim.log.levels.WARN)
    end
  end)
end

local function with_client(action)
  return function(options)
    client_of.with(function(client)
      action(client, options)
    end)
  end
end

local function create_commands()
  local command = vim.api.nvim_create_user_command
  command('SeedEdit', function(options)
    require('seed_lsp.edit').command(options)
  end, { range = true, nargs = '*', desc = 'Rewrite lines by an instruction' })
  command('SeedAction', function(options)
    require('seed_lsp.action').command(options)
  end, {
    range = true,
    nargs = '?',
    complete = function(...)
      return require('seed_lsp.action').complete(...)
    end,
    desc = 'Preview an action of the menu on lines, or at the cursor',
  })
  command('SeedExplain', function(options)
    require('seed_lsp.action').explain(options)
  end, { range = true, desc = 'Explain lines, or the statement at the cursor' })
  command('SeedRename', function(options)
    require('seed_lsp.rename').rename(options.args)
  end, { nargs = '?', desc = 'Rename the symbol at the cursor, and every use' })
  command('SeedSignature', function(options)
    require('seed_lsp.rename').signature(options.args)
  end, { nargs = '*', desc = 'Change the signature of the function at the cursor, and its calls' })
  command(
    'SeedPause',
    with_client(function(client)
      client_of.execute(client, 'seed.pause')
    end),
    { desc = 'No suggestions while typing' }
  )
  command(
    'SeedResume',
    with_client(function(client)
      client_of.execute(client, 'seed.resume')
    end),
    { desc = 'Suggestions while typing again' }
  )
  command(
    'SeedUsage',
    with_client(function(client)
      client_of.execute(client, 'seed.usage', {}, function(report)
        vim.api.nvim_echo({ { report } }, true, {})
      end)
    end),
    { desc = 'How suggestions fared' }
  )
  command(
    'SeedFetchModel',
    with_client(function(client, options)
      client_of.execute(client, 'seed.models', {}, function(found)
        local name = options.args ~= '' and options.args or found.chosen
        client_of.say(('fetching %s …'):format(name))
        client_of.execute(client, 'seed.fetchModel', { name }, function(done)
          client_of.say(('%s is here'):format(done.name))
        end)
      end)
    end),
    { nargs = '?', desc = 'Download the model' }
  )
end

local function set_keys()
  local keys = assert(M.options).keys
  local function expression(modes, key, description, taken)
    if not key then
      return
    end
    vim.keymap.set(modes, key, function()
      -- With nothing to take, the key is what it was.
      return taken() and '' or key
    end, { expr = true, replace_keycodes = true, desc = description })
  end
  local inline, next_edit = require('seed_lsp.inline'), require('seed_lsp.next_edit')
  if keys.accept == keys.next_edit then
    expression('i', keys.accept, 'Seed: accept the suggestion, or the next edit', function()
      return inline.accept() or next_edit.take()
    end)
  else
    expression('i', keys.accept, 'Seed: accept the suggestion', inline.accept)
    expression('i', keys.next_edit, 'Seed: next edit', next_edit.take)
  end
  expression('n', keys.next_edit, 'Seed: next edit', next_edit.take)
  expression('i', keys.accept_word, 'Seed: accept a word', inline.accept_word)
  expression('i', keys.accept_line, 'Seed: accept a line', inline.accept_line)
  expression({ 'i', 'n' }, keys.dismiss, 'Seed: dismiss the next edit', next_edit.dismiss)
end

--- Link our colours to groups of the colour scheme.
local function link_highlights()
  for name, target in pairs({
    SeedSuggestion = 'Comment',
    SeedInserted = 'DiffAdd',
    SeedRemoved = 'DiffDelete',
    SeedDraft = 'DiffChange',
    SeedPending = 'Comment',
  }) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

--- Start the server for files of its languages, and set the keys and commands.
---@param options? seed_lsp.Options
function M.setup(options)
  if vim.fn.has('nvim-0.11') == 0 then
    vim.notify('Seed: Neovim 0.11 or later is needed', vim.log.levels.ERROR)
    return
  end
  M.options = vim.tbl_deep_extend('force', DEFAULTS, options or {})
  link_highlights()
  create_commands()
  set_keys()
  vim.lsp.config(client_of.name, {
    cmd = M.options.cmd,
    filetypes = M.options.filetypes,
    root_markers = M.options.root_markers,
    settings = { seed = M.options.settings },
    -- The server may register nothing here while it runs, so what it offers must be known from the start. An empty table would be sent as a list.
    init_options = next(M.options.settings) and M.options.settings or nil,
    capabilities = {
      textDocument = { inlineCompletion = { dynamicRegistration = false } },
      experimental = { inlineCompletionRefresh = true },
    },
    handlers = {
      ['didChangeStatus'] = require('seed_lsp.status').on_status,
      ['seed/inlineCompletionRefresh'] = require('seed_lsp.inline').on_refresh,
      ['window/showMessage'] = client_of.on_message,
      ['$/progress'] = require('seed_lsp.edit').on_progress,
    },
    on_attach = on_attach,
    on_init = function(client)
      require('seed_lsp.action').tell_reports(client)
      tell_of_missing_model(client)
    end,
  })
  vim.lsp.enable(client_of.name)
end

return M
