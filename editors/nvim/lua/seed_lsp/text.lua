--- Cuts and compares pieces of text. Nothing here knows a buffer.
local M = {}

--- Return what a key that takes a word takes: the white space before it, and a word or a run of signs.
---@param text string
---@return string
function M.first_word(text)
  return text:match('^%s*[%w_\128-\255]+') or text:match('^%s*[^%w_%s\128-\255]+') or text
end

--- Return the first line with its end. If the text begins with a line's end, the next line is returned with it.
---@param text string
---@return string
function M.first_line(text)
  return text:match('^\n?[^\n]*\n?') or text
end

--- Tell whether a byte continues a character.
local function continues(text, i)
  local byte = text:byte(i)
  return byte ~= nil and byte >= 0x80 and byte < 0xC0
end

---@class seed_lsp.Change `removed` behind the first `head` bytes of the old text becomes `inserted`.
---@field head integer
---@field removed string
---@field inserted string

--- Return what differs between two texts, cut between whole characters.
---@param old string
---@param new string
---@return seed_lsp.Change
function M.change(old, new)
  local shorter = math.min(#old, #new)
  local head = 0
  while head < shorter and old:byte(head + 1) == new:byte(head + 1) do
    head = head + 1
  end
  while head > 0 and (continues(old, head + 1) or continues(new, head + 1)) do
    head = head - 1
  end
  local tail = 0
  while tail < shorter - head and old:byte(#old - tail) == new:byte(#new - tail) do
    tail = tail + 1
  end
  while tail > 0 and continues(old, #old - tail + 1) do
    tail = tail - 1
  end
  return { head = head, removed = old:sub(head + 1, #old - tail), inserted = new:sub(head + 1, #new - tail) }
end

--- Return the row and byte column of the end of a piece of text that begins there.
---@return integer row
---@return integer column
function M.behind(row, column, text)
  local lines = vim.split(text, '\n', { plain = true })
  if #lines == 1 then
    return row, column + #text
  end
  return row + #lines - 1, #lines[#lines]
end

--- Return how many UTF-16 units a text has.
---@param text string
---@return integer
function M.utf16_length(text)
  return vim.str_utfindex(text, 'utf-16')
end

return M
