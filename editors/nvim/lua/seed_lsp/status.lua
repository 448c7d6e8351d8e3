--- Says what the server is doing, for a statusline.
local M = {}

---@class seed_lsp.State `didChangeStatus` of the server.
---@field busy boolean
---@field kind 'Normal'|'Warning'|'Error'|'Inactive'
---@field message string
---@field reason string
---@field tokensPerSecond number
---@field percent? integer

---@type seed_lsp.State?
M.state = nil

--- Handle `didChangeStatus`.
function M.on_status(_, state)
  -- JSON's null arrives as a value of its own.
  M.state = vim.tbl_map(function(value)
    return value ~= vim.NIL and value or nil
  end, state)
  vim.api.nvim_exec_autocmds('User', { pattern = 'SeedStatus', modeline = false })
  vim.cmd.redrawstatus()
end

--- Return a component: a sign, and the one thing that matters. It is empty where the server is not attached.
---@return string
function M.statusline()
  if require('seed_lsp.client').of(0) == nil then
    return ''
  end
  local state = M.state
  if state == nil then
    return 'Seed'
  end
  if state.percent ~= nil then
    return ('Seed %d%%%%'):format(state.percent)
  end
  if state.busy then
    return 'Seed …'
  end
  if state.kind ~= 'Normal' then
    return ('Seed: %s'):format((state.message:gsub('%%', '%%%%')))
  end
  return state.tokensPerSecond > 0 and ('Seed %.0f t/s'):format(state.tokensPerSecond) or 'Seed'
end

return M
