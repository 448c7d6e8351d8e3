--- Completes inline in Neovim 0.11, which has no module of its own for it: it asks at each change and shows the answer as virtual text.
local client_of = require('seed_lsp.client')

local M = {}

M.namespace = vim.api.nvim_create_namespace('seed_lsp.ghost')

---@class seed_lsp.Ghost
---@field bufnr integer
---@field row integer where the text that is left goes, from 0
---@field column integer in bytes
---@field text string
---@field command? lsp.Command
---@field client_id integer

---@type seed_lsp.Ghost?
M.shown = nil
---@type fun()?
local cancel

function M.hide()
  if M.shown ~= nil and vim.api.nvim_buf_is_valid(M.shown.bufnr) then
    vim.api.nvim_buf_clear_namespace(M.shown.bufnr, M.namespace, 0, -1)
  end
  M.shown = nil
end

---@param ghost seed_lsp.Ghost
local function show(ghost)
  M.hide()
  M.shown = ghost
  local lines = vim.split(ghost.text, '\n', { plain = true })
  local rest = {}
  for i = 2, #lines do
    rest[#rest + 1] = { { lines[i], 'SeedSuggestion' } }
  end
  vim.api.nvim_buf_set_extmark(ghost.bufnr, M.namespace, ghost.row, ghost.column, {
    virt_text = { { lines[1], 'SeedSuggestion' } },
    virt_text_pos = 'inline',
    virt_lines = #rest > 0 and rest or nil,
    hl_mode = 'combine',
  })
end

--- Take what was typed since off the front. If that is not what was suggested, nothing is shown any more.
function M.follow()
  local ghost = M.shown
  if ghost == nil then
    return
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local typed = column - ghost.column
  local line = vim.api.nvim_get_current_line()
  if vim.api.nvim_get_current_buf() ~= ghost.bufnr or row - 1 ~= ghost.row or typed < 0 or typed >= #ghost.text then
    M.hide()
  elseif typed > 0 then
    if line:sub(ghost.column + 1, column) == ghost.text:sub(1, typed) then
      ghost.text, ghost.column = ghost.text:sub(typed + 1), column
      show(ghost)
    else
      M.hide()
    end
  end
end

local function request()
  local bufnr = vim.api.nvim_get_current_buf()
  local client = client_of.of(bufnr)
  if client == nil then
    return
  end
  M.follow()
  if cancel ~= nil then
    cancel()
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  ---@diagnostic disable-next-line: inject-field
  params.context = { triggerKind = 2 }
  local tick, cursor = vim.api.nvim_buf_get_changedtick(bufnr), vim.api.nvim_win_get_cursor(0)
  local _, id = client:request('textDocument/inlineCompletion', params, function(_, result)
    local item = result and (result.items or result)[1]
    local here = vim.api.nvim_get_current_buf() == bufnr and vim.api.nvim_buf_get_changedtick(bufnr) == tick
    if not here or not vim.api.nvim_get_mode().mode:match('^i') or not vim.deep_equal(cursor, vim.api.nvim_win_get_cursor(0)) then
      return
    end
    if item == nil then
      M.hide()
      return
    end
    show({
      bufnr = bufnr,
      row = cursor[1] - 1,
      column = cursor[2],
      text = item.insertText,
      command = item.command,
      client_id = client.id,
    })
  end, bufnr)
  cancel = id ~= nil and function()
    client:cancel_request(id)
    cancel = nil
  end or nil
end

--- Ask again for what is shown.
function M.refresh()
  if M.shown ~= nil then
    request()
  end
end

--- Ask in this buffer from now on.
---@param bufnr integer
function M.attach(bufnr)
  local group = vim.api.nvim_create_augroup('seed_lsp.ghost', { clear = false })
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
  vim.api.nvim_create_autocmd({ 'InsertEnter', 'CursorMovedI', 'TextChangedI', 'TextChangedP' }, {
    group = group,
    buffer = bufnr,
    -- The client sends the change itself in the same event.
    callback = vim.schedule_wrap(request),
  })
  vim.api.nvim_create_autocmd({ 'InsertLeave', 'BufLeave' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      if cancel ~= nil then
        cancel()
      end
      M.hide()
    end,
  })
end

return M
