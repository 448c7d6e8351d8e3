-- These tests are run by `nvim -l editors/nvim/tests/text_test.lua`.
vim.opt.runtimepath:prepend(vim.fs.dirname(vim.fs.dirname(vim.fs.abspath(arg[0]))))
local text = require('seed_lsp.text')

local failed = 0

local function equal(found, wanted, name)
  if not vim.deep_equal(found, wanted) then
    failed = failed + 1
    io.stderr:write(('%s: %s is not %s\n'):format(name, vim.inspect(found), vim.inspect(wanted)))
  end
end

for given, wanted in pairs({
  ['one(two)'] = 'one',
  ['(two)'] = '(',
  ['  = größe + 1'] = '  =',
  [' größe + 1'] = ' größe',
  ['\n    return x'] = '\n    return',
  [''] = '',
}) do
  equal(text.first_word(given), wanted, 'first_word')
end

for given, wanted in pairs({ ['a\nb\nc'] = 'a\n', ['\n    a\nb'] = '\n    a\n', ['a'] = 'a', [''] = '' }) do
  equal(text.first_line(given), wanted, 'first_line')
end

equal(text.change('area(1)', 'size(1)'), { head = 0, removed = 'area', inserted = 'size' }, 'change')
equal(text.change('f(a)\n', 'f(a, b)\n'), { head = 3, removed = '', inserted = ', b' }, 'change')
equal(text.change('a', 'a'), { head = 1, removed = '', inserted = '' }, 'change')
-- The two begin and end with the same bytes.
equal(text.change('é', 'è'), { head = 0, removed = 'é', inserted = 'è' }, 'change')
equal(text.change('x😀y', 'x😁y'), { head = 1, removed = '😀', inserted = '😁' }, 'change')

equal({ text.behind(3, 4, 'ab') }, { 3, 6 }, 'behind')
equal({ text.behind(3, 4, 'ab\ncde') }, { 4, 3 }, 'behind')
equal(text.utf16_length('a😀'), 3, 'utf16_length')

print(failed == 0 and 'text: all right' or ('text: %d failed'):format(failed))
os.exit(failed == 0 and 0 or 1)
