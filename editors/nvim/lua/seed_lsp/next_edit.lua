--- Next edits are asked for after a change, shown where they belong, gone to and taken with one key.
local client_of = require('seed_lsp.client')
local text = require('seed_lsp.text')

local M = {}

M.namespace = vim.api.nvim_create_namespace('seed_lsp.next_edit')
local PAUSE_MS = 400
--- For so many milliseconds after a change it is asked about once more when diagnostics come.
local DIAGNOSED_MS = 10000

---@class seed_lsp.Offer
---@field bufnr integer
---@field tick integer the tick of the buffer that the offer is for
---@field row integer where the change begins, from 0
---@field column integer in bytes
---@field removed string
---@field inserted string
---@field command lsp.Command
---@field client_id integer

---@type seed_lsp.Offer?
M.offer = nil
local timer ---@type uv.uv_timer_t?

function M.clear()
  if timer ~= nil then
    timer:stop()
    timer:close()
    timer = nil
  end
  if M.offer ~= nil and vim.api.nvim_buf_is_valid(M.offer.bufnr) then
    vim.api.nvim_buf_clear_namespace(M.offer.bufnr, M.namespace, 0, -1)
  end
  M.offer = nil
end

---@param offer seed_lsp.Offer
local function show(offer)
  local last, behind = text.behind(offer.row, offer.column, offer.removed)
  if offer.removed ~= '' then
    vim.api.nvim_buf_set_extmark(offer.bufnr, M.namespace, offer.row, offer.column, {
      end_row = last,
      end_col = behind,
      hl_group = 'SeedRemoved',
      strict = false,
    })
  end
  local lines = vim.split(offer.inserted, '\n', { plain = true })
  local rest = {}
  for i = 2, #lines do
    rest[#rest + 1] = { { lines[i], 'SeedInserted' } }
  end
  vim.api.nvim_buf_set_extmark(offer.bufnr, M.namespace, last, behind, {
    virt_text = { { lines[1], 'SeedInserted' } },
    virt_text_pos = 'inline',
    virt_lines = #rest > 0 and rest or nil,
    strict = false,
  })
end

--- Return the errors and warnings of a buffer, whoever found them, as the protocol has them.
---@param client vim.lsp.Client
---@param bufnr integer
local function problems(client, bufnr)
  local function position(row, column)
    local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
    return { line = row, character = vim.str_utfindex(line, client.offset_encoding, math.min(column, #line), false) }
  end
  return vim.tbl_map(function(found)
    local first = position(found.lnum, found.col)
    local last = position(found.end_lnum or found.lnum, found.end_col or found.col)
    return { range = { start = first, ['end'] = last }, severity = found.severity, message = found.message }
  end, vim.diagnostic.get(bufnr, { severity = { min = vim.diagnostic.severity.WARN } }))
end

---@param client vim.lsp.Client
---@param bufnr integer
local function ask(client, bufnr)
  local tick = vim.api.nvim_buf_get_changedtick(bufnr)
  local params = {
    textDocument = client_of.versioned(bufnr),
    position = vim.lsp.util.make_position_params(0, client.offset_encoding).position,
    context = { triggerKind = 2, diagnostics = problems(client, bufnr) },
  }
  client:request('textDocument/copilotInlineEdit', params, function(err, result)
    local edit = not err and result and result.edits and result.edits[1]
    if not edit or not vim.api.nvim_buf_is_loaded(bufnr) or vim.api.nvim_buf_get_changedtick(bufnr) ~= tick then
      return
    end
    local function offset(position)
      local line = vim.api.nvim_buf_get_lines(bufnr, position.line, position.line + 1, false)[1]
      return position.line, line and vim.str_byteindex(line, client.offset_encoding, position.character, false) or 0
    end
    local row, column = offset(edit.range.start)
    local last, behind = offset(edit.range['end'])
    -- The end may lie on the line after the last one.
    local count = vim.api.nvim_buf_line_count(bufnr)
    local old = last < count and table.concat(vim.api.nvim_buf_get_text(bufnr, row, column, last, behind, {}), '\n')
      or table.concat(vim.api.nvim_buf_get_lines(bufnr, row, count, false), '\n'):sub(column + 1) .. '\n'
    local change = text.change(old, edit.text)
    local first, start = text.behind(row, column, old:sub(1, change.head))
    M.clear()
    M.offer = {
      bufnr = bufnr,
      tick = tick,
      row = first,
      column = start,
      removed = change.removed,
      inserted = change.inserted,
      command = edit.command,
      client_id = client.id,
    }
    show(M.offer)
    client:notify('textDocument/didShowInlineEdit', { item = { command = edit.command } })
  end, bufnr)
end

--- Ask in this buffer from now on, some time after each change, and once more when diagnostics of it come: checkers take longer than our pause.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  local changed = { tick = 0, at = -DIAGNOSED_MS }
  local function soon()
    M.clear()
    timer = vim.defer_fn(function()
      timer = nil
      if vim.api.nvim_get_current_buf() == bufnr and not client:is_stopped() then
        ask(client, bufnr)
      end
    end, PAUSE_MS)
  end
  local group = vim.api.nvim_create_augroup('seed_lsp.next_edit', { clear = false })
  vim.api.nvim_clear_autocmds({ group = group, buffer = bufnr })
  vim.api.nvim_create_autocmd({ 'TextChanged', 'TextChangedI', 'TextChangedP' }, {
    group = group,
    buffer = bufnr,
    callback = function()
      changed = { tick = vim.api.nvim_buf_get_changedtick(bufnr), at = vim.uv.now() }
      soon()
    end,
  })
  vim.api.nvim_create_autocmd('DiagnosticChanged', {
    group = group,
    buffer = bufnr,
    callback = function(event)
      local current = changed.tick == vim.api.nvim_buf_get_changedtick(bufnr) and vim.uv.now() - changed.at < DIAGNOSED_MS
      if current and M.offer == nil and #event.data.diagnostics > 0 then
        soon()
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufLeave', { group = group, buffer = bufnr, callback = M.clear })
end

--- Tell whether the cursor stands on a line of the change.
---@param offer seed_lsp.Offer
local function is_here(offer)
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  return row >= offer.row and row <= text.behind(offer.row, offer.column, offer.removed)
end

--- Tell whether there is a next edit for this buffer as it is. In the white space that a line begins with, a key that indents should indent.
---@return boolean
function M.wants_key()
  local offer = M.offer
  if offer == nil or offer.bufnr ~= vim.api.nvim_get_current_buf() or offer.tick ~= vim.api.nvim_buf_get_changedtick(offer.bufnr) then
    return false
  end
  local before = vim.api.nvim_get_current_line():sub(1, vim.api.nvim_win_get_cursor(0)[2])
  return is_here(offer) or not vim.api.nvim_get_mode().mode:match('^i') or before:match('%S') ~= nil
end

--- Go to the change, or make it if the cursor is there.
---@return boolean whether there was one
function M.take()
  local offer = M.offer
  if offer == nil or not M.wants_key() then
    return false
  end
  vim.schedule(function()
    if M.offer ~= offer or vim.api.nvim_buf_get_changedtick(offer.bufnr) ~= offer.tick then
      return
    end
    local last, behind = text.behind(offer.row, offer.column, offer.removed)
    if not is_here(offer) then
      vim.cmd("normal! m'")
      vim.api.nvim_win_set_cursor(0, { offer.row + 1, offer.column })
      return
    end
    M.clear()
    vim.api.nvim_buf_set_text(offer.bufnr, offer.row, offer.column, last, behind, vim.split(offer.inserted, '\n', { plain = true }))
    local row, column = text.behind(offer.row, offer.column, offer.inserted)
    vim.api.nvim_win_set_cursor(0, { row + 1, column })
    local client = vim.lsp.get_client_by_id(offer.client_id)
    if client ~= nil then
      client_of.execute(client, offer.command.command, offer.command.arguments)
    end
  end)
  return true
end

--- Take the next edit off the screen. It is not offered again.
---@return boolean whether there was one
function M.dismiss()
  local offer = M.offer
  M.clear()
  local client = offer and vim.lsp.get_client_by_id(offer.client_id)
  if offer ~= nil and client ~= nil then
    client_of.execute(client, 'seed.nextEditDismissed', offer.command.arguments)
  end
  return offer ~= nil
end

return M
