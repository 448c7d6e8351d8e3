--- Completes inline by Neovim's own module where it has one (0.12), else by ours. A suggestion is taken as a whole, by the word or by the line.
local client_of = require('seed_lsp.client')
local ghost = require('seed_lsp.ghost')
local text = require('seed_lsp.text')

local M = {}

--- Tell whether Neovim has the module.
M.core = vim.lsp.inline_completion ~= nil

---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if M.core then
    vim.lsp.inline_completion.enable(true, { client_id = client.id })
  else
    ghost.attach(bufnr)
  end
end

--- Handle `seed/inlineCompletionRefresh`: a suggestion became longer after its deadline, so ask again if the cursor is still there.
function M.on_refresh(_, place, context)
  local bufnr = vim.api.nvim_get_current_buf()
  local client = vim.lsp.get_client_by_id(context.client_id)
  if client == nil or not vim.api.nvim_get_mode().mode:match('^i') or not vim.deep_equal(client_of.versioned(bufnr), place.textDocument) then
    return
  end
  if not vim.deep_equal(vim.lsp.util.make_position_params(0, client.offset_encoding).position, place.position) then
    return
  end
  if M.core then
    -- Neovim's module asks after these events, and has no function that does.
    vim.api.nvim_exec_autocmds('CursorMovedI', { group = 'nvim.lsp.inline_completion:' .. bufnr, buffer = bufnr, modeline = false })
  else
    ghost.refresh()
  end
end

--- Put a piece of a suggestion behind the cursor, and tell the server.
---@param suggestion string what is suggested from the cursor on
---@param piece string its beginning
---@param command? lsp.Command
---@param client_id integer
local function insert(suggestion, piece, command, client_id)
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  vim.api.nvim_buf_set_text(0, row - 1, column, row - 1, column, vim.split(piece, '\n', { plain = true }))
  local last, behind = text.behind(row - 1, column, piece)
  vim.api.nvim_win_set_cursor(0, { last + 1, behind })
  local client = vim.lsp.get_client_by_id(client_id)
  if client == nil or command == nil then
    return
  end
  if piece == suggestion then
    client_of.execute(client, command.command, command.arguments)
  else
    client:notify('textDocument/didPartiallyAcceptCompletion', { item = { command = command }, acceptedLength = text.utf16_length(piece) })
  end
end

---@param piece_of fun(text: string): string
---@return boolean whether there was something to take
local function take(piece_of)
  if M.core then
    return vim.lsp.inline_completion.get({
      on_accept = function(item)
        local suggestion = item.insert_text
        -- What was typed since the answer came is its beginning, and stands in the buffer already.
        if item.range ~= nil then
          local _, start = item.range:to_extmark()
          local typed = vim.api.nvim_get_current_line():sub(start + 1, vim.api.nvim_win_get_cursor(0)[2])
          if not vim.startswith(suggestion, typed) then
            return
          end
          suggestion = suggestion:sub(#typed + 1)
        end
        insert(suggestion, piece_of(suggestion), item.command, item.client_id)
      end,
    })
  end
  if ghost.shown == nil then
    return false
  end
  vim.schedule(function()
    ghost.follow()
    local shown = ghost.shown
    if shown ~= nil then
      ghost.hide()
      insert(shown.text, piece_of(shown.text), shown.command, shown.client_id)
    end
  end)
  return true
end

function M.accept()
  return take(function(suggestion)
    return suggestion
  end)
end

function M.accept_word()
  return take(text.first_word)
end

function M.accept_line()
  return take(text.first_line)
end

return M
