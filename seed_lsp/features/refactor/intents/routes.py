"""What is asked for in words and done by an action, or computed: the phrases, one table for all."""

from __future__ import annotations

from seed_lsp.features.refactor.documentation.selected import LANGUAGES
from seed_lsp.features.refactor.intents import doing
from seed_lsp.features.refactor.intents import vocabulary as v
from seed_lsp.features.refactor.intents.route import Route, intent_of

ROUTES = (
    Route(
        "rename",
        [
            "rename {old} (to|into|as) {new} HERE",
            f"rename [THE] {v.KIND} {{old:any}} (to|into|as) {{new}} HERE",
            "change [THE] name of {old} to {new} HERE",
            f"change [THE] name of [THE] {v.KIND} {{old:any}} to {{new}} HERE",
            f"change [THE] {v.KIND} name [from] {{old}} to {{new}} HERE",
            f"(call|name) [THE] {v.KIND} {{old}} {{new}} [instead] HERE",
            "(replace|change) [THE] (local variable|variable|local|parameter|argument) name {old:any} (with|by|to) {new} HERE",
            f"give [THE] {v.KIND} {{old:any}} the name {{new}} HERE",
            f"use the name {{new}} (for [THE] {v.KIND} {{old:any}}|instead of {{old}}) HERE",
            f"[THE] [{v.KIND}] {{old}} (should|must|shall|is to) be (called|named|renamed to) {{new}} [instead] HERE",
            f"rename [THE] {v.KIND} [from] {{old:any}} -> {{new}}",
            "rename {old} -> {new}",
        ],
        doing.rename,
    ),
    Route(
        "f-strings",
        [
            f"USE [an|a] {v.F_STRINGS} [(for|in) [THE] {v.STRINGS}] [(instead of|rather than|in place of|for|over|not) [THE] {v.OLD_FORMATS} [{v.STRINGS}]] HERE",
            f"(convert|change|turn|rewrite|migrate|switch|modernise|modernize|transform|update|move|port) [THE] {v.STYLE} [{v.OLD_FORMATS}] [{v.STRINGS}] HERE (to|into|as|to use|using|with|over to) [an|a] {v.F_STRINGS} HERE",
            f"replace [THE] {v.STYLE} [{v.OLD_FORMATS}] [{v.STRINGS}] HERE (with|by) [an|a] [equivalent] {v.F_STRINGS} HERE",
            f"(make|have|let) [THE] [{v.OLD_FORMATS}] [{v.STRINGS}|CODE] [use] [an|a] {v.F_STRINGS}",
            f"format [THE] strings (with|using|by) {v.F_STRINGS} [(instead of|rather than) {v.OLD_FORMATS} [{v.STRINGS}]] HERE",
        ],
        doing.f_strings,
    ),
    Route(
        "type-hints-of-parameters",
        [
            f"ADD [A] {v.HINTS} (to|for|of|on) [THE] [untyped|unannotated|missing] {v.PARAMETERS} {v.UNTYPED} HERE {v.NOT_RESULT}",
            f"(annotate|type-annotate) [THE] [untyped|unannotated|missing] {v.PARAMETERS} {v.UNTYPED} HERE [with [A] {v.HINTS}] {v.NOT_RESULT}",
            f"ADD [A] [missing] parameter {v.HINTS} HERE {v.NOT_RESULT}",
            f"(type|annotate|type-annotate) [THE] [untyped|unannotated] {v.PARAMETERS} HERE {v.NOT_RESULT}",
            f"give [THE] [untyped|unannotated] {v.PARAMETERS} {v.UNTYPED} HERE [A] {v.HINTS} {v.NOT_RESULT}",
            f"[THE] {v.PARAMETERS} {v.UNTYPED} (should|must|shall) (have|get) [A] {v.HINTS} {v.NOT_RESULT}",
            f"(make sure|ensure|see to it) [that] [THE] {v.PARAMETERS} (has|have|gets|get) [A] {v.HINTS} {v.NOT_RESULT}",
            f"ADD [A] {v.HINTS} (to|for|on) [THE] {v.PARAMETERS} only HERE",
            f"(fill in|complete) [THE] missing parameter {v.HINTS} HERE",
        ],
        doing.parameter_hints,
        is_lenient=True,
    ),
    Route(
        "type-hints-of-results",
        [
            f"ADD [A] [missing] {v.RETURN} [(type hint|type hints|annotation|annotations|type annotation|type annotations|type|types)] HERE",
            f"ADD [A] {v.HINTS} (to|for|of) [THE] {v.RETURN} HERE",
            f"annotate [THE] {v.RETURN} HERE",
        ],
        doing.return_hints,
        is_lenient=True,
    ),
    Route(
        "type-hints",
        [
            f"ADD [A] [missing] {v.HINTS} HERE",
            f"ADD [A] {v.HINTS} (to|for) [THE] {v.PARAMETERS} and [THE] {v.RETURN} HERE",
            f"annotate [THE] {v.PARAMETERS} and [THE] {v.RETURN} HERE",
            "(annotate|type) [THE] (function|method|functions|methods|code|signature) [with (types|type hints)]",
        ],
        doing.hints,
        is_lenient=True,
    ),
    Route(
        "docstring",
        [
            f"ADD [A] [missing] {v.DOCSTRING} HERE",
            f"give (it|this|THE CODE) [A] {v.DOCSTRING}",
            "document [THE] (function|method|class|functions|methods|code|selection)",
        ],
        doing.docstring,
        LANGUAGES,
        is_lenient=True,
    ),
    Route(
        "summary",
        [f"ADD [A] {v.ONE_LINE} {v.DOCSTRING} HERE", f"give (it|this|THE CODE) [A] {v.ONE_LINE} {v.DOCSTRING}"],
        doing.summary,
        LANGUAGES,
        is_lenient=True,
    ),
    Route(
        "shorten-docstring",
        [
            f"(shorten|reduce|cut|condense|collapse|shrink|trim|turn|convert|compress|cut down|squash|simplify|rewrite|change|boil) [THE] {v.ITS} [down] (to|into|as|to just|to only) {v.LINE}",
            f"(make|keep) [THE] {v.ITS} (to|to just|into|in|just|only|on) {v.LINE}",
            f"(make|keep) [THE] {v.ITS} [a|an] ({v.LINE}|{v.ONE_LINE} [docstring|docstrings])",
            f"(make|write) [A] {v.ONE_LINE} {v.DOCSTRING} (of|out of|from) [THE] {v.ITS}",
            f"(keep|leave) (only|just) the (first|summary) (line|sentence) of [THE] {v.ITS}",
            f"(keep|leave) only [THE] summary of [THE] {v.ITS}",
            f"replace [THE] {v.ITS} (with|by) {v.LINE}",
            f"[THE] {v.ITS} (should|must|shall) (be|fit on|fit in|have) {v.LINE} [long]",
            f"(shorten|cut|condense|trim|make|reduce) [THE] {v.ITS} (so that it fits on|so it fits on|to fit on|so that it fits in|to fit in|fit on|fit in) {v.LINE}",
            f"(summarise|summarize|write|put|squeeze|say) [THE] {v.ITS} (in|on|as|into|onto) {v.LINE}",
            f"(shorten|reduce|cut|trim) [THE] {v.ITS} [down] to {v.LINE} long",
        ],
        doing.shorten,
    ),
    Route(
        "try",
        [
            f"(wrap|put|enclose|surround|place|guard|protect) {v.WHAT} (in|into|with|inside|by) [a] {v.TRY} [for|on|that catches|which catches|catching|with|to catch|except|that handles] {v.CAUGHT} {v.HANDLED}",
            f"(wrap|put|enclose|surround|place|guard|protect) {v.WHAT} (in|into|with|inside|by) [a] {v.TRY} [and] (catch|handle) {v.CAUGHT} {v.HANDLED}",
            f"(wrap|put|enclose|surround|place|guard|protect) {v.WHAT} (in|into|with|inside|by) [a] {v.TRY} [that] {v.END} (on|for) {v.CAUGHT}",
            f"add [a] {v.TRY} (around|to) {v.WHAT} [for|on|that catches|which catches|catching|with|to catch|except|that handles] {v.CAUGHT} {v.HANDLED}",
            f"add [a] {v.TRY} [for|on|that catches|catching] {v.CAUGHT} (around|to) {v.WHAT} {v.HANDLED}",
            f"(catch|handle) {v.CAUGHT} [[raised] (in|around|from|of|by) {v.WHAT}] {v.HANDLED}",
            f"(wrap|put|enclose|surround|place|guard|protect) {v.WHAT} (in|into|with|inside|by) [a] {v.TRY} {v.AND} {v.CHANGES} {v.CAUGHT} {v.AS} [a|an] {{raised:class}}",
            f"{v.RAISED} [then] {v.HANDLED}",
            f"{v.END} {v.RAISED}",
            f"(add|put|place) [a] {v.TRY} (around|to) {v.WHAT} {v.AND} {v.CHANGES} {v.CAUGHT} {v.AS} [a|an] {{raised:class}}",
            f"(wrap|put|enclose|surround|place|guard|protect) {v.WHAT} (in|into|with|inside|by) [a] {v.TRY} so that [a|an|any|every] {{caught:classes}} (becomes|become|is raised as|is re-raised as|turns into) [a|an] {{raised:class}}",
            f"(re-raise|reraise|convert|turn|translate) {v.CAUGHT} [[raised|that is raised] (in|from|by) {v.WHAT}] {v.AS} [a|an] {{raised:class}}",
        ],
        doing.try_around,
    ),
    Route(
        "guard-clauses",
        [
            f"(USE|introduce|add) [A] {v.GUARDS} {v.INSTEAD} HERE",
            f"(convert|refactor|rewrite|change|turn|flatten|restructure) [THE] [CODE|{v.ELSE}] (to|to use|into|using|with) {v.GUARDS}",
            f"replace [THE] {v.ELSE} HERE (with|by) {v.GUARDS}",
        ],
        doing.guard_clauses,
    ),
    Route(
        "early-returns",
        [
            f"(USE|introduce|apply|add|work with) [an] {v.EARLY} {v.INSTEAD} HERE {v.INSTEAD}",
            f"(return early|exit early) {v.INSTEAD_OF} HERE",
            f"(convert|refactor|rewrite|change|turn|flatten|restructure) [THE] [CODE|{v.ELSE}] (to|to use|into|using|with) [an] {v.EARLY}",
            f"(replace|avoid|flatten|get rid of|eliminate|remove|drop) [THE] {v.ELSE} HERE (with|by|by using|using|through|by means of) [an] {v.EARLY}",
            f"(replace|avoid|flatten|get rid of|eliminate|remove|drop|un-nest|unnest|restructure) [THE] [CODE|{v.ELSE}] HERE by returning early HERE",
            f"(prefer|use) {v.EARLY} (to|over) [THE] {v.ELSE} HERE",
            f"(flatten|un-nest|unnest|restructure) [THE] (CODE|{v.ELSE}) HERE (with|using|by using|by means of|into|to) [an] {v.EARLY}",
            f"(restructure|refactor|rewrite|change|rework) [THE] [CODE] (to return early|so that it returns early|to exit early) {v.INSTEAD}",
            f"(make|let|have) [THE] CODE (return early|exit early|use {v.EARLY}) {v.INSTEAD}",
        ],
        doing.early_returns,
    ),
    Route(
        "needless-else",
        [
            f"(REMOVE|avoid|flatten|dedent|unnest|un-nest) [THE] (needless|unnecessary|superfluous|redundant|useless|unneeded|pointless) {v.ELSE} [(after|behind|following|that follow|that follows) [a|the] {v.RETURNS}] HERE",
            f"(REMOVE|avoid|dedent|unnest|un-nest|flatten) [THE] {v.ELSE} (after|behind|following|that follow|that follows|that come after|which follow) [THE|a] {v.RETURNS} HERE",
            f"(no|there should be no) {v.ELSE} (after|behind) [THE|a] {v.RETURNS}",
            f"REMOVE [THE] {v.ELSE} (where|when|if|whose) [THE] (if|branch|if branch|if block|block|branch before|branch above it) [already] (returns|ends with a return|always returns|ends in a return|leaves) HERE",
        ],
        doing.needless_else,
    ),
    Route(
        "comprehension",
        [
            f"{v.TURN} [THE] {v.LOOP} HERE (to|into|as) {v.COMPREHENSION}",
            f"replace [THE] {v.LOOP} HERE (with|by) {v.COMPREHENSION}",
            f"USE {v.COMPREHENSION} [(instead of|rather than|for) [THE|a] {v.LOOP}] HERE",
        ],
        doing.comprehension,
    ),
    Route(
        "loop",
        [
            f"{v.TURN} [THE] [(list|set|dict|dictionary)] (comprehension|comprehensions <several>) HERE (to|into|as) [a] [normal|plain|regular] {v.LOOP}",
            f"replace [THE] [(list|set|dict|dictionary)] (comprehension|comprehensions <several>) HERE (with|by) [a] [normal|plain|regular] {v.LOOP}",
            f"USE [a] [normal|plain|regular] {v.LOOP} (instead of|rather than) [THE|a] [(list|set|dict|dictionary)] (comprehension|comprehensions <several>) HERE",
        ],
        doing.loop,
    ),
    Route(
        "match",
        [
            f"{v.TURN} [THE] {v.CHAIN} HERE (to|into|as) [a] {v.MATCH}",
            f"replace [THE] {v.CHAIN} HERE (with|by) [a] {v.MATCH}",
            f"USE [a] {v.MATCH} [(instead of|rather than|for) [THE|a] {v.CHAIN}] HERE",
        ],
        doing.match,
    ),
    Route(
        "look-up",
        [
            f"{v.TURN} [THE] {v.CHAIN} HERE (to|into|as) [a] {v.DICT}",
            f"replace [THE] {v.CHAIN} HERE (with|by) [a] {v.DICT}",
            f"USE [a] {v.DICT} (instead of|rather than|for) [THE|a] {v.CHAIN} HERE",
        ],
        doing.look_up,
    ),
    Route(
        "extract-function",
        [
            f"(extract|move|pull out|factor out|refactor|put) {v.SELECTED} (to|into|as|out to|out into) {v.NEW} {v.FUNCTION} {v.CALLED}",
            f"(extract|make|create) {v.NEW} {v.FUNCTION} {v.CALLED} [(from|out of|of) {v.SELECTED}]",
        ],
        doing.extract_function,
    ),
    Route(
        "extract-variable",
        [
            f"(extract|move|pull out|factor out|put) {v.SELECTED} (to|into|as|out to|out into) {v.NEW} [local] {v.VARIABLE} {v.CALLED}",
            f"(extract|make|create|introduce) {v.NEW} [local] {v.VARIABLE} {v.CALLED} [(from|out of|of|for) {v.SELECTED}]",
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
    Route("docstring-removal", [f"REMOVE [THE] {v.ITS}"], doing.without_docstrings),
)
INTENTS = tuple(intent_of(route) for route in ROUTES)
