--- Shows what an instruction or an action of the server makes of some code: its draft as it comes about, then a diff of which each change is taken or left.
local client_of = require('seed_lsp.client')

local M = {}

M.namespace = vim.api.nvim_create_namespace('seed_lsp.edit')

---@class seed_lsp.Preview
---@field source integer the buffer that is edited
---@field tick integer the tick of the source that the preview is for
---@field buffer integer the buffer with the file as it would be
---@field original string[] the source's lines
---@field ready boolean
---@field new_file? string the address of a file that is to be made, whose text the preview has
---@field turned_from? integer the buffer that was asked about, where another file is added to
---@field cancel fun()

---@type table<integer, seed_lsp.Preview> by the preview's buffer
local previews = {}
---@type table<string, seed_lsp.Preview> by the token of its progress
local under_way = {}
local numbers = 0

---@param preview seed_lsp.Preview
local function close(preview)
  previews[preview.buffer] = nil
  preview.cancel()
  if vim.api.nvim_buf_is_valid(preview.buffer) then
    vim.api.nvim_buf_delete(preview.buffer, { force = true })
  end
  local window = vim.fn.bufwinid(preview.source)
  if window ~= -1 then
    vim.api.nvim_win_call(window, vim.cmd.diffoff)
    vim.api.nvim_set_current_win(window)
  end
end

local function set_lines(buffer, lines)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
end

--- Return how many lines end before a range does. A range that ends where a line begins does not have that line.
local function last_of(range)
  return range['end'].line + (range['end'].character > 0 and 1 or 0)
end

--- Return the lines of the source with those of a range written anew.
local function with_region(preview, range, new)
  local lines = vim.list_slice(preview.original, 1, range.start.line)
  vim.list_extend(lines, new)
  return vim.list_extend(lines, preview.original, last_of(range) + 1)
end

--- Draw the draft above the old lines that wait until they are written anew.
---@param preview seed_lsp.Preview
local function show_draft(preview, state)
  if not vim.api.nvim_buf_is_valid(preview.buffer) or preview.ready then
    return
  end
  local certain = vim.split(state.committed, '\n', { plain = true })
  local new = vim.split(state.committed .. state.draft, '\n', { plain = true })
  local first = state.range.start.line
  local written = #new
  vim.list_extend(new, preview.original, first + #new + 1, last_of(state.range))
  set_lines(preview.buffer, with_region(preview, state.range, new))
  vim.api.nvim_buf_clear_namespace(preview.buffer, M.namespace, 0, -1)
  for i = 1, #new do
    local group = i > written and 'SeedPending' or (i < #certain or (i == #certain and state.draft == '')) and 'SeedInserted' or 'SeedDraft'
    vim.api.nvim_buf_set_extmark(preview.buffer, M.namespace, first + i - 1, 0, { line_hl_group = group })
  end
end

--- Handle `$/progress`: a draft is drawn, and all else goes to the usual handler.
function M.on_progress(err, params, ctx, config)
  local preview = under_way[params.token]
  if preview == nil then
    return vim.lsp.handlers['$/progress'](err, params, ctx, config)
  end
  show_draft(preview, params.value)
end

--- Tell whether the source is still what the preview was made for.
---@param preview seed_lsp.Preview
local function is_current(preview)
  if vim.api.nvim_buf_is_loaded(preview.source) and vim.api.nvim_buf_get_changedtick(preview.source) == preview.tick then
    return true
  end
  client_of.say('the file changed since the preview was made; nothing was applied', vim.log.levels.WARN)
  return false
end

--- Make the new file, and show it.
---@param preview seed_lsp.Preview
local function make(preview)
  local path = vim.uri_to_fname(preview.new_file)
  if vim.uv.fs_stat(path) ~= nil then
    client_of.say(('%s exists already; nothing was made'):format(path), vim.log.levels.WARN)
    return
  end
  local lines = vim.api.nvim_buf_get_lines(preview.buffer, 0, -1, false)
  close(preview)
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  vim.cmd.edit(vim.fn.fnameescape(path))
  vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
end

--- Make the source's lines those of the preview, and touch no line that stays.
---@param preview seed_lsp.Preview
local function apply(preview)
  if not preview.ready or not is_current(preview) then
    return
  end
  if preview.new_file ~= nil then
    make(preview)
    return
  end
  local old = vim.api.nvim_buf_get_lines(preview.source, 0, -1, false)
  local new = vim.api.nvim_buf_get_lines(preview.buffer, 0, -1, false)
  local diff = vim.text and vim.text.diff or vim.diff
  local hunks = diff(table.concat(old, '\n') .. '\n', table.concat(new, '\n') .. '\n', { result_type = 'indices' })
  for i = #hunks, 1, -1 do
    local start, count, from, size = unpack(hunks[i])
    -- An insertion is given by the line before it.
    local first = count == 0 and start or start - 1
    vim.api.nvim_buf_set_lines(preview.source, first, first + count, false, vim.list_slice(new, from, from + size - 1))
  end
  close(preview)
end

--- Take the change at the cursor, or leave it out.
---@param preview seed_lsp.Preview
---@param verb 'diffput'|'diffget'
local function one(preview, verb)
  if not preview.ready or preview.new_file ~= nil or not is_current(preview) then
    return
  end
  vim.cmd({ cmd = verb, args = { tostring(preview.source) } })
  preview.tick = vim.api.nvim_buf_get_changedtick(preview.source)
  local same = vim.deep_equal(
    vim.api.nvim_buf_get_lines(preview.source, 0, -1, false),
    vim.api.nvim_buf_get_lines(preview.buffer, 0, -1, false)
  )
  if same then
    close(preview)
  end
end

---@param preview seed_lsp.Preview
local function open(preview)
  local buffer, source = preview.buffer, preview.source
  previews[buffer] = preview
  vim.bo[buffer].bufhidden = 'wipe'
  vim.api.nvim_buf_set_name(buffer, ('seed://%d/%s'):format(numbers, vim.fs.basename(vim.api.nvim_buf_get_name(source))))
  set_lines(buffer, preview.original)
  vim.bo[buffer].filetype = vim.bo[source].filetype
  vim.cmd('rightbelow vertical sbuffer ' .. buffer)
  local function map(key, description, action)
    vim.keymap.set('n', key, function()
      action(preview)
    end, { buffer = buffer, nowait = true, desc = description })
  end
  map('<CR>', 'Seed: apply the changes', apply)
  map('q', 'Seed: discard the preview', function(it)
    close(it)
    local window = vim.fn.bufwinid(it.source)
    if it.turned_from ~= nil and window ~= -1 then
      vim.api.nvim_win_set_buf(window, it.turned_from)
    end
  end)
  map('a', 'Seed: apply the change at the cursor', function(it)
    one(it, 'diffput')
  end)
  map('x', 'Seed: leave out the change at the cursor', function(it)
    one(it, 'diffget')
  end)
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buffer,
    callback = function()
      preview.cancel()
      previews[buffer] = nil
    end,
  })
end

--- Say in the line above the preview what the keys do, and what the user should know of the result.
local function set_head(buffer, keys, note)
  local shown = note == '' and '' or ' · %<' .. note:gsub('%%', '%%%%'):gsub('\n', ' ')
  vim.wo[vim.fn.bufwinid(buffer)].winbar = ' ' .. keys .. shown
end

--- Show a file that is to be made, all of which is new.
---@param preview seed_lsp.Preview
local function show_new_file(preview, result)
  preview.new_file = result.newFile.uri
  local lines = vim.split(result.newFile.text:gsub('\n$', ''), '\n', { plain = true })
  set_lines(preview.buffer, lines)
  for i = 1, #lines do
    vim.api.nvim_buf_set_extmark(preview.buffer, M.namespace, i - 1, 0, { line_hl_group = 'SeedInserted' })
  end
  local name = vim.fs.basename(vim.uri_to_fname(preview.new_file))
  set_head(preview.buffer, ('<CR> makes %s · q discard'):format(name), result.note)
end

--- Show another file in place of the source, and let the preview be its; tell whether it still has the text that the edits are for.
---@param preview seed_lsp.Preview
local function turn_to(preview, other)
  local buffer = vim.fn.bufadd(vim.uri_to_fname(other.uri))
  vim.fn.bufload(buffer)
  vim.bo[buffer].buflisted = true
  local lines = vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
  local wanted = other.text:gsub('\r\n?', '\n'):gsub('\n$', '')
  if not vim.deep_equal(lines, vim.split(wanted, '\n', { plain = true })) then
    return false
  end
  local window = vim.fn.bufwinid(preview.source)
  if window ~= -1 then
    vim.api.nvim_win_set_buf(window, buffer)
  end
  preview.turned_from = preview.source
  preview.source, preview.original, preview.tick = buffer, lines, vim.api.nvim_buf_get_changedtick(buffer)
  return true
end

---@param preview seed_lsp.Preview
local function show_changes(preview, result)
  local buffer = preview.buffer
  set_lines(buffer, preview.original)
  local client = client_of.of(preview.source)
  -- The edits are for exactly the lines that the preview has now.
  vim.lsp.util.apply_text_edits(result.edits, buffer, client and client.offset_encoding or 'utf-16')
  set_head(buffer, '<CR> apply all · a this · x not this · q discard', result.note)
  for _, one_of in ipairs({ preview.source, buffer }) do
    local window = vim.fn.bufwinid(one_of)
    if window ~= -1 then
      vim.api.nvim_win_call(window, vim.cmd.diffthis)
    end
  end
  vim.cmd('silent! normal! gg]c')
end

---@param preview seed_lsp.Preview
---@param result table
local function finish(preview, result)
  preview.ready = true
  vim.api.nvim_buf_clear_namespace(preview.buffer, M.namespace, 0, -1)
  if result.newFile ~= nil and result.newFile ~= vim.NIL then
    show_new_file(preview, result)
  elseif result.otherFile == nil or result.otherFile == vim.NIL then
    show_changes(preview, result)
  elseif turn_to(preview, result.otherFile) then
    show_changes(preview, { edits = result.otherFile.edits, note = result.note })
  else
    close(preview)
    client_of.say(('%s changed meanwhile; nothing was applied'):format(vim.uri_to_fname(result.otherFile.uri)), vim.log.levels.WARN)
    return
  end
  vim.bo[preview.buffer].modified = false
  if result.note ~= '' then
    client_of.say(result.note)
  end
end

--- Ask for what `wish` says, and show it come about.
---@param wish table parameters of `seed/rewrite`: the `range`, and an `instruction` or the `name` of an action
function M.preview(wish)
  local client = client_of.required()
  if client == nil then
    return
  end
  local source = vim.api.nvim_get_current_buf()
  numbers = numbers + 1
  local token = 'seed-edit-' .. numbers
  local preview = {
    source = source,
    tick = vim.api.nvim_buf_get_changedtick(source),
    buffer = vim.api.nvim_create_buf(false, true),
    original = vim.api.nvim_buf_get_lines(source, 0, -1, false),
    ready = false,
    cancel = function() end,
  }
  local params = vim.tbl_extend('force', wish, { textDocument = client_of.versioned(source), partialResultToken = token })
  open(preview)
  vim.wo[vim.fn.bufwinid(preview.buffer)].winbar = ' denoising … · q cancels'
  under_way[token] = preview
  local _, id = client:request('seed/rewrite', params, function(err, result)
    under_way[token] = nil
    preview.cancel = function() end
    local open_still = previews[preview.buffer] ~= nil
    if err ~= nil then
      if open_still then
        close(preview)
        client_of.say(err.message, vim.log.levels.WARN)
      end
    elseif open_still then
      finish(preview, result)
    end
  end, source)
  preview.cancel = function()
    preview.cancel = function() end
    under_way[token] = nil
    if id ~= nil then
      client:cancel_request(id)
    end
  end
end

--- Rewrite lines `first` to `last`, from 1, of the current buffer by an instruction.
---@param first integer
---@param last integer
---@param instruction string
function M.rewrite(first, last, instruction)
  client_of.with(function(client)
    M.preview({ range = client_of.lines(client, first, last), instruction = instruction })
  end)
end

--- Run the command: its words are the instruction, and without any the user is asked.
function M.command(options)
  if options.args ~= '' then
    M.rewrite(options.line1, options.line2, options.args)
    return
  end
  vim.ui.input({ prompt = 'Seed, change: ' }, function(instruction)
    if instruction ~= nil and instruction:match('%S') then
      M.rewrite(options.line1, options.line2, instruction)
    end
  end)
end

return M
