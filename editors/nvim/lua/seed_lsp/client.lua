--- Knows the language client: its name, the one that runs, and its commands.
local M = {}

M.name = 'seed'

--- Return the client of a buffer.
---@param bufnr? integer
---@return vim.lsp.Client?
function M.of(bufnr)
  return vim.lsp.get_clients({ bufnr = bufnr or 0, name = M.name })[1]
end

--- Return the client of the current buffer, or show a message that says why there is none.
---@return vim.lsp.Client?
function M.required()
  local client = M.of(0)
  if client == nil then
    M.say('the server is not attached to this buffer; see :checkhealth seed_lsp', vim.log.levels.WARN)
  end
  return client
end

--- Do something with the client of the current buffer, if there is one.
---@param action fun(client: vim.lsp.Client)
function M.with(action)
  local client = M.required()
  if client ~= nil then
    action(client)
  end
end

---@param text string
---@param level? integer
function M.say(text, level)
  vim.notify('Seed: ' .. text, level or vim.log.levels.INFO)
end

--- Handle `window/showMessage`: Neovim 0.11 writes it where a second line waits for a key.
function M.on_message(_, params)
  local levels = { vim.log.levels.ERROR, vim.log.levels.WARN }
  vim.notify(params.message, levels[params.type] or vim.log.levels.INFO)
end

--- Run one of the server's commands. Errors that the server has told the user are not told again.
---@param client vim.lsp.Client
---@param command string
---@param arguments? table
---@param done? fun(result: any)
function M.execute(client, command, arguments, done)
  client:request('workspace/executeCommand', { command = command, arguments = arguments or {} }, function(err, result)
    if err == nil and done ~= nil then
      done(result)
    end
  end)
end

--- Return the identifier of a document with the version that the server has.
---@param bufnr integer
function M.versioned(bufnr)
  return { uri = vim.uri_from_bufnr(bufnr), version = vim.lsp.util.buf_versions[bufnr] }
end

--- Return the range of lines `first` to `last`, from 1, of the current buffer.
---@param client vim.lsp.Client
---@param first integer
---@param last integer
function M.lines(client, first, last)
  local text = vim.api.nvim_buf_get_lines(0, last - 1, last, false)[1] or ''
  return {
    start = { line = first - 1, character = 0 },
    ['end'] = { line = last - 1, character = vim.str_utfindex(text, client.offset_encoding) },
  }
end

return M
