--- Runs an action of the server by its name, and shows in the preview what it makes.
local client_of = require('seed_lsp.client')

local M = {}

local WAIT_MS = 1000

--- Return what the user means: the characters selected last if the command was given for them, else the lines; without a range, the cursor.
---@param client vim.lsp.Client
---@param options table of the command
local function range_of(client, options)
  if options.range == 0 then
    return vim.lsp.util.make_range_params(0, client.offset_encoding).range
  end
  local first, last = vim.api.nvim_buf_get_mark(0, '<'), vim.api.nvim_buf_get_mark(0, '>')
  if vim.fn.visualmode() == 'v' and options.line1 == first[1] and options.line2 == last[1] then
    return vim.lsp.util.make_given_range_params(first, last, 0, client.offset_encoding).range
  end
  return client_of.lines(client, options.line1, options.line2)
end

--- Return the reports of the editor on the lines of a range, as the protocol has them.
local function reports_on(range)
  return vim.lsp.diagnostic.from(vim.iter(vim.diagnostic.get(0))
    :filter(function(report)
      return report.lnum <= range['end'].line and (report.end_lnum or report.lnum) >= range.start.line
    end)
    :totable())
end

--- Have the reports of all checkers go along whenever actions are asked for. Neovim itself tells a server only of its own, and ours has none.
---@param client vim.lsp.Client
function M.tell_reports(client)
  local request = client.request
  client.request = function(self, method, params, ...)
    if method == 'textDocument/codeAction' then
      params = vim.tbl_deep_extend('force', params, { context = { diagnostics = reports_on(params.range) } })
    end
    return request(self, method, params, ...)
  end
end

---@param client vim.lsp.Client
local function params_for(client, options)
  return {
    textDocument = { uri = vim.uri_from_bufnr(0) },
    range = range_of(client, options),
    context = { diagnostics = {}, triggerKind = vim.lsp.protocol.CodeActionTriggerKind.Invoked },
  }
end

--- Keep the entries that the preview can show.
local function ours(actions)
  return vim
    .iter(actions or {})
    :filter(function(action)
      return type(action.data) == 'table' and action.data.name ~= nil
    end)
    :totable()
end

--- Preview an entry of the menu, or say why it cannot be chosen.
local function preview(action)
  if action.disabled ~= nil then
    client_of.say(action.disabled.reason, vim.log.levels.WARN)
    return
  end
  local data = action.data
  require('seed_lsp.edit').preview({ range = data.range, name = data.name, argument = data.argument, diagnostics = data.diagnostics })
end

--- Run the command: its word is the name of an action, and without one, or with several entries of that name, the user chooses.
function M.command(options)
  client_of.with(function(client)
    client:request('textDocument/codeAction', params_for(client, options), function(err, found)
      if err ~= nil then
        client_of.say(err.message, vim.log.levels.WARN)
        return
      end
      local offered = vim
        .iter(ours(found))
        :filter(function(action)
          return options.args == '' or action.data.name == options.args
        end)
        :totable()
      if #offered == 0 then
        client_of.say(options.args == '' and 'no action fits here' or ('%s does not fit here'):format(options.args), vim.log.levels.WARN)
      elseif #offered == 1 and options.args ~= '' then
        preview(offered[1])
      else
        local function title(action)
          return (action.title:gsub('^Seed: ', ''))
        end
        vim.ui.select(offered, { prompt = 'Seed, action:', format_item = title, kind = 'codeaction' }, function(chosen)
          if chosen ~= nil then
            preview(chosen)
          end
        end)
      end
    end)
  end)
end

--- Show in a floating window what the code does that the command was given for.
function M.explain(options)
  client_of.with(function(client)
    local argument = client_of.versioned(vim.api.nvim_get_current_buf())
    argument.range = range_of(client, options)
    client_of.execute(client, 'seed.explain', { argument }, function(found)
      vim.lsp.util.open_floating_preview(vim.split(found.text, '\n'), 'markdown', { focus_id = 'seed.explain', wrap = true, max_width = 80 })
    end)
  end)
end

--- Complete the names of the actions that fit where the command is typed.
---@param typed string
---@param line string the command's line
function M.complete(typed, line)
  local client = client_of.of(0)
  if client == nil then
    return {}
  end
  local command = vim.api.nvim_parse_cmd(line:match('^(.-)%s+%S*$') or line, {})
  local range = command.range or {}
  local options = { range = #range, line1 = range[1], line2 = range[2] or range[1] }
  local answer = client:request_sync('textDocument/codeAction', params_for(client, options), WAIT_MS, 0)
  local names = {}
  for _, action in ipairs(ours(answer and answer.result)) do
    names[action.data.name] = true
  end
  return vim
    .iter(vim.spairs(names))
    :map(function(name)
      return vim.startswith(name, typed) and name or nil
    end)
    :totable()
end

return M
