--- Renames and changes signatures, with every call site. What was left goes to the quickfix list.
local client_of = require('seed_lsp.client')

local M = {}

---@param client vim.lsp.Client
local function place(client)
  local bufnr = vim.api.nvim_get_current_buf()
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  return { uri = params.textDocument.uri, position = params.position, version = vim.lsp.util.buf_versions[bufnr] }
end

--- Say what was done, and list what was not.
local function report(client, result)
  local counts = result.counts
  local text = ('%d places changed'):format(counts.exact + counts.override)
  if #result.left > 0 then
    local items = vim.tbl_map(function(left)
      local bufnr = vim.uri_to_bufnr(left.uri)
      vim.fn.bufload(bufnr)
      local line = vim.api.nvim_buf_get_lines(bufnr, left.range.start.line, left.range.start.line + 1, false)[1] or ''
      local column = vim.str_byteindex(line, client.offset_encoding, left.range.start.character, false)
      return { bufnr = bufnr, lnum = left.range.start.line + 1, col = column + 1, text = ('%s: %s'):format(left.tier, left.reason) }
    end, result.left)
    vim.fn.setqflist({}, ' ', { title = 'Seed: left as it is', items = items })
    text = ('%s, %d left as they are: see :copen'):format(text, #result.left)
  end
  client_of.say(text)
end

---@param command string
---@param more table
local function change(command, more)
  client_of.with(function(client)
    client_of.execute(client, command, { vim.tbl_extend('force', place(client), more) }, function(result)
      report(client, result)
    end)
  end)
end

local function ask_for_name()
  vim.ui.input({ prompt = 'Seed, new name: ', default = vim.fn.expand('<cword>') }, function(typed)
    if typed ~= nil and typed ~= '' then
      M.rename(typed)
    end
  end)
end

---@param client vim.lsp.Client
local function choose_name(client)
  client:request('workspace/executeCommand', { command = 'seed.suggestNames', arguments = { place(client) } }, function(err, result)
    if err ~= nil or #result.names == 0 then
      ask_for_name()
      return
    end
    local another = 'another …'
    vim.ui.select(vim.list_extend(result.names, { another }), { prompt = 'Seed, new name' }, function(chosen)
      if chosen == another then
        ask_for_name()
      elseif chosen ~= nil then
        M.rename(chosen)
      end
    end)
  end)
end

---@param client vim.lsp.Client
local function ask_for_signature(client)
  client_of.execute(client, 'seed.signatureOf', { place(client) }, function(now)
    vim.ui.input({ prompt = ('Seed, signature of %s: '):format(now.name), default = now.signature }, function(typed)
      if typed ~= nil and typed ~= now.signature then
        M.signature(typed)
      end
    end)
  end)
end

--- Rename what is at the cursor. Without a name the user chooses one that the model proposes, or types another.
---@param name string
function M.rename(name)
  if name ~= '' then
    change('seed.renameAndUpdateCallSites', { name = name })
  else
    client_of.with(choose_name)
  end
end

--- Change the signature of the function at the cursor, and its calls.
---@param signature string
function M.signature(signature)
  if signature ~= '' then
    change('seed.changeSignature', { signature = signature })
  else
    client_of.with(ask_for_signature)
  end
end

return M
