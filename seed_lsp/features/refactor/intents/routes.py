"""What is asked for in words and done by an action, or computed: the phrases, one table for all."""

from __future__ import annotations

from seed_lsp.features.refactor.documentation.selected import LANGUAGES
from seed_lsp.features.refactor.intents import doing
from seed_lsp.features.refactor.intents.route import Route, intent_of

_FORMATS = "(%|%s|%-formatting|percent formatting|%-format|% formatting|str.format|.format|format|format calls)"
_OLD_FORMATS = f"{_FORMATS} [(and|or) {_FORMATS}]"
_F_STRINGS = "(f-strings|f-string|f strings|fstrings|formatted string literals)"
_HINTS = "([missing] type (hints|hint|annotations|annotation)|type-hints|type-annotations|annotations|an annotation|typing|types)"
_PARAMETERS = "(parameter|parameters|argument|arguments|params|args)"
_UNTYPED = "[(that|which) (has|have) (none|no (annotation|annotations|type hint|type hints|type|types))|without (one|annotation|annotations|type hints|a type|types)]"
_RETURN = "(return|returns|return type|return value|result|return types)"
_DOCSTRING = "(docstring|doc string|doc-string|documentation|docstrings)"
_ITS = "(docstring|doc string|doc-string|doc comment|documentation|docstrings <several>) HERE"
_LINE = "(one line|a single line|one-line|a one-liner|one sentence|a single sentence|one short sentence|single line)"
_ONE_LINE = "(one-line|one line|single-line|single line|one-liner|short)"
_TURN = "(convert|turn|change|rewrite|transform|refactor|make)"
_LOOP = "(loop|for loop|for-loop|loops <several>|for loops <several>|for-loops <several>)"
_COMPREHENSION = "[a] [(list|set|dict|dictionary)] (comprehension|comprehensions <several>)"
_IF = "(if/elif/else|if/elif|if/else|if-elif-else|if-elif|if elif else|if elif|if-else|if else|if)"
_CHAIN = f"{_IF} [chain|ladder|cascade|statement|statements|chains <several>]"
_MATCH = "(match|match/case|match statement|match-case|match case|structural pattern matching|pattern matching)"
_DICT = "(dict|dictionary|lookup table|look-up table|dict lookup|dictionary lookup|lookup|look-up|dispatch table)"
_SELECTED = "[(this|it|THE (selection|selected code|selected lines|selected statements|selected expression|expression|lines|statements|code|block|value)|this)]"
_NEW = "[(a new|a separate|a helper|its own|an own|a|new|separate|helper)]"
_FUNCTION = "(function|method|helper function|helper|helper method|private method)"
_VARIABLE = "(variable|constant|local|local variable)"
_CALLED = "[(called|named|with the name) {name}|{name:coined}]"
_EARLY = "(early returns|early return|early exits)"
_GUARDS = "(guard clauses|guard clause|guards)"
_ELSE = "(else|elses|else branches|else blocks|nested ifs|nesting|nested conditions|nested conditionals|if/else|if else)"
_INSTEAD_OF = f"((instead of|rather than|to avoid|to get rid of|to reduce|to remove|to flatten) [THE] {_ELSE})"
_INSTEAD = f"[{_INSTEAD_OF}]"
_KIND = "(local variable|local name|local|variable|parameter|argument|loop variable|name|identifier|var|param|keyword argument)"
_TRY = "(try/except|try-except|try except|try/catch|try catch|try .. except|try...except|try ... except) [block|blocks|statement|clause]"
_ERROR = "(it|them|the error|the exception|that|the original error|the original exception|this|the errors|errors)"
_SAY = f"(log <log> [{_ERROR}] [(with|including) [the|a] traceback]|print <show> [{_ERROR}])"
_END = (
    f"((re-raise|reraise|rethrow|convert|turn|wrap|raise|translate) [{_ERROR}] (as|to|into|in) [a|an] {{raised:class}}"
    f"|(raise|raise instead) [a|an] {{raised:class}} [(instead|from {_ERROR})]"
    f"|(re-raise|reraise|rethrow) <reraise> [{_ERROR}]"
    "|return {value:value} [instead|on error|then|in that case|on failure]"
    f"|(ignore|ignores|swallow|suppress) <ignore> [{_ERROR}])"
)
_AND = "[and|then|and then|which|to|that]"
_HANDLED = f"({_AND} {_SAY}|{_AND} {_END}|{_AND} {_SAY} {_AND} {_END})"
_BODY = "[THE] [whole|entire] (body|function|method|function body|method body) <body> [of [THE] (function|method)]"
_WHAT = f"({_BODY}|[THE] (code|selection|selected code|selected lines|lines|statements|block)|it|this)"
_CAUGHT = "[a|an|any|all|every] {caught:classes} [error|errors|exception|exceptions]"

ROUTES = (
    Route(
        "rename",
        [
            "rename {old} (to|into|as) {new} HERE",
            f"rename [THE] {_KIND} {{old:any}} (to|into|as) {{new}} HERE",
            "change [THE] name of {old} to {new} HERE",
            f"change [THE] name of [THE] {_KIND} {{old:any}} to {{new}} HERE",
            f"change [THE] {_KIND} name [from] {{old}} to {{new}} HERE",
            f"(call|name) [THE] {_KIND} {{old}} {{new}} instead HERE",
        ],
        doing.rename,
    ),
    Route(
        "f-strings",
        [
            f"USE [an|a] {_F_STRINGS} [(instead of|rather than|in place of|for) [THE] {_OLD_FORMATS}] HERE",
            f"(convert|change|turn|rewrite|migrate|switch|modernise|modernize) [THE] [{_OLD_FORMATS}] [string|strings|formatting|string formatting|format strings|formatted strings|calls] HERE (to|into|as|to use|using|with) [an|a] {_F_STRINGS}",
            f"replace [THE] {_OLD_FORMATS} [string|strings|formatting|calls] HERE (with|by) [an|a] {_F_STRINGS}",
        ],
        doing.f_strings,
    ),
    Route(
        "type-hints-of-parameters",
        [
            f"ADD [A] {_HINTS} (to|for|of) [THE] {_PARAMETERS} {_UNTYPED} HERE",
            f"annotate [THE] [untyped|unannotated] {_PARAMETERS} {_UNTYPED} HERE",
            f"ADD [A] [missing] parameter {_HINTS} HERE",
            f"(type|annotate) [THE] {_PARAMETERS} HERE",
        ],
        doing.parameter_hints,
    ),
    Route(
        "type-hints-of-results",
        [
            f"ADD [A] [missing] {_RETURN} [(type hint|type hints|annotation|annotations|type annotation|type annotations|type|types)] HERE",
            f"ADD [A] {_HINTS} (to|for|of) [THE] {_RETURN} HERE",
            f"annotate [THE] {_RETURN} HERE",
        ],
        doing.return_hints,
    ),
    Route(
        "type-hints",
        [
            f"ADD [A] [missing] {_HINTS} HERE",
            f"ADD [A] {_HINTS} (to|for) [THE] {_PARAMETERS} and [THE] {_RETURN} HERE",
            f"annotate [THE] {_PARAMETERS} and [THE] {_RETURN} HERE",
            "(annotate|type) [THE] (function|method|functions|methods|code|signature) [with (types|type hints)]",
        ],
        doing.hints,
    ),
    Route(
        "docstring",
        [
            f"ADD [A] [missing] {_DOCSTRING} HERE",
            f"give (it|this|THE CODE) [A] {_DOCSTRING}",
            "document [THE] (function|method|class|functions|methods|code|selection)",
        ],
        doing.docstring,
        LANGUAGES,
    ),
    Route(
        "summary",
        [f"ADD [A] {_ONE_LINE} {_DOCSTRING} HERE", f"give (it|this|THE CODE) [A] {_ONE_LINE} {_DOCSTRING}"],
        doing.summary,
        LANGUAGES,
    ),
    Route(
        "shorten-docstring",
        [
            f"(shorten|reduce|cut|condense|collapse|shrink|trim|turn|convert|compress|cut down) [THE] {_ITS} [down] (to|into|to just|to only) {_LINE}",
            f"(make|keep) [THE] {_ITS} (to|to just|into|in|just|only|on) {_LINE}",
            f"(make|keep) [THE] {_ITS} [a|an] ({_LINE}|{_ONE_LINE} [docstring|docstrings])",
            f"(make|write) [A] {_ONE_LINE} {_DOCSTRING} (of|out of|from) [THE] {_ITS}",
            f"keep only the first (line|sentence) of [THE] {_ITS}",
            f"shorten [THE] {_ITS} to (its|the|their) (first|summary) (line|sentence|lines)",
        ],
        doing.shorten,
    ),
    Route(
        "try",
        [
            f"(wrap|put|enclose|surround|place) {_WHAT} (in|into|with|inside|by) [a] {_TRY} [for|on|that catches|catching|with] {_CAUGHT} {_HANDLED}",
            f"(wrap|put|enclose|surround|place) {_WHAT} (in|into|with|inside|by) [a] {_TRY} [and] (catch|handle) {_CAUGHT} {_HANDLED}",
            f"(wrap|put|enclose|surround|place) {_WHAT} (in|into|with|inside|by) [a] {_TRY} [that] {_END} (on|for) {_CAUGHT}",
            f"add [a] {_TRY} (around|to) {_WHAT} [for|on|that catches|catching|with] {_CAUGHT} {_HANDLED}",
            f"add [a] {_TRY} [for|on|that catches|catching] {_CAUGHT} (around|to) {_WHAT} {_HANDLED}",
            f"(catch|handle) {_CAUGHT} [(in|around|from|of) {_WHAT}] {_HANDLED}",
        ],
        doing.try_around,
    ),
    Route(
        "guard-clauses",
        [
            f"(USE|introduce|add) [A] {_GUARDS} {_INSTEAD} HERE",
            f"(convert|refactor|rewrite|change|turn|flatten|restructure) [THE] [CODE|{_ELSE}] (to|to use|into|using|with) {_GUARDS}",
            f"replace [THE] {_ELSE} HERE (with|by) {_GUARDS}",
        ],
        doing.guard_clauses,
    ),
    Route(
        "early-returns",
        [
            f"((USE|introduce) [an] {_EARLY}) {_INSTEAD} HERE",
            f"(return early|exit early) {_INSTEAD_OF} HERE",
            f"(convert|refactor|rewrite|change|turn|flatten|restructure) [THE] [CODE|{_ELSE}] (to|to use|into|using|with) [an] {_EARLY}",
            f"replace [THE] {_ELSE} HERE (with|by) [an] {_EARLY}",
        ],
        doing.early_returns,
    ),
    Route(
        "needless-else",
        [
            f"(REMOVE|avoid|flatten) [THE] (needless|unnecessary|superfluous|redundant|useless) {_ELSE} [(after|behind|following) (return|returns|raise|a return|return statements)] HERE",
            "(REMOVE|avoid) [THE] (else|elses|else branches|else blocks) (after|behind|following) (return|returns|raise|a return|return statements) HERE",
        ],
        doing.needless_else,
    ),
    Route(
        "comprehension",
        [
            f"{_TURN} [THE] {_LOOP} HERE (to|into|as) {_COMPREHENSION}",
            f"replace [THE] {_LOOP} HERE (with|by) {_COMPREHENSION}",
            f"USE {_COMPREHENSION} [(instead of|rather than|for) [THE|a] {_LOOP}] HERE",
        ],
        doing.comprehension,
    ),
    Route(
        "loop",
        [
            f"{_TURN} [THE] [(list|set|dict|dictionary)] (comprehension|comprehensions <several>) HERE (to|into|as) [a] [normal|plain|regular] {_LOOP}",
            f"replace [THE] [(list|set|dict|dictionary)] (comprehension|comprehensions <several>) HERE (with|by) [a] [normal|plain|regular] {_LOOP}",
            f"USE [a] [normal|plain|regular] {_LOOP} (instead of|rather than) [THE|a] [(list|set|dict|dictionary)] (comprehension|comprehensions <several>) HERE",
        ],
        doing.loop,
    ),
    Route(
        "match",
        [
            f"{_TURN} [THE] {_CHAIN} HERE (to|into|as) [a] {_MATCH}",
            f"replace [THE] {_CHAIN} HERE (with|by) [a] {_MATCH}",
            f"USE [a] {_MATCH} [(instead of|rather than|for) [THE|a] {_CHAIN}] HERE",
        ],
        doing.match,
    ),
    Route(
        "look-up",
        [
            f"{_TURN} [THE] {_CHAIN} HERE (to|into|as) [a] {_DICT}",
            f"replace [THE] {_CHAIN} HERE (with|by) [a] {_DICT}",
            f"USE [a] {_DICT} (instead of|rather than|for) [THE|a] {_CHAIN} HERE",
        ],
        doing.look_up,
    ),
    Route(
        "extract-function",
        [
            f"(extract|move|pull out|factor out|refactor|put) {_SELECTED} (to|into|as|out to|out into) {_NEW} {_FUNCTION} {_CALLED}",
            f"(extract|make|create) {_NEW} {_FUNCTION} {_CALLED} [(from|out of|of) {_SELECTED}]",
        ],
        doing.extract_function,
    ),
    Route(
        "extract-variable",
        [
            f"(extract|move|pull out|factor out|put) {_SELECTED} (to|into|as|out to|out into) {_NEW} [local] {_VARIABLE} {_CALLED}",
            f"(extract|make|create|introduce) {_NEW} [local] {_VARIABLE} {_CALLED} [(from|out of|of|for) {_SELECTED}]",
        ],
        doing.extract_variable,
    ),
    Route(
        "inline",
        [
            "inline [THE] (variable|local variable|local|function|helper|helper function|method|temporary variable|temp) {name} HERE",
            "inline {name} HERE",
        ],
        doing.inline,
    ),
    Route(
        "modernise",
        [
            "(modernise|modernize|upgrade) [(THE CODE|it|this)] [[the] syntax]",
            "(apply|run|use) [all] [safe] [the] (ruff|ruff's) [safe] (rules|fixes|autofixes) HERE",
            "USE (modern|newer|current) [python] (syntax|features|idioms) HERE",
        ],
        doing.modernise,
    ),
    Route("simplify", ["simplify [(THE CODE|it|this)]"], doing.modernise, fits=doing.can_modernise),
    Route(
        "unused-imports",
        [
            "REMOVE [THE] (unused|unneeded|unnecessary|superfluous|needless) (imports|import) HERE",
            "REMOVE [THE] imports (that are unused|which are unused|that are not used|which are not used|nobody uses|that nobody uses) HERE",
        ],
        doing.unused_imports,
    ),
    Route("comments", ["REMOVE [THE] (comments|code comments|inline comments) HERE"], doing.without_comments),
    Route(
        "prints",
        [
            "REMOVE [THE] [debug|debugging] (print|print statements|print statement|prints|print calls|print call|calls to print|calls of print) HERE"
        ],
        doing.without_prints,
    ),
    Route("docstring-removal", [f"REMOVE [THE] {_ITS}"], doing.without_docstrings),
)
INTENTS = tuple(intent_of(route) for route in ROUTES)
