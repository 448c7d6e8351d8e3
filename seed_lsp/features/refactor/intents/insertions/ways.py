"""Ways to say the same, each brought to the one that is read further on."""

from __future__ import annotations

import re

_FUNCTION = r"(?:it|(?:the|this) (?:function|method|code))"
_X = r"(?P<x>(?:the |its |an? )?(?:value of )?[\w.]+(?: (?:argument|parameter|param|arg))?(?:,? \(?(?:after|besides|not counting|other than|except) (?:self|cls)\)?)?)"
_BAD = r"(?:an? |any )?(?P<bad>None|null|empty|negative|zero|blank|non-positive)"
_ERROR = r"(?:an? )?(?P<e>\w*(?:[Ee]rror|Exception)s?)"
_BY = r"(?:,? by raising|:? (?:and )?rais(?:e|ing)|,? with|, throwing|,? (?:that|which) raises|,? raising)"
_RESULT = r"(?:(?:the|its|each|every|any) )?(?:result|return(?:ed)? value|value)"
_WAYS = (
    # What the function shall do, as what is to be done.
    (rf"^(?:(?:make|have|let) {_FUNCTION}|(?:{_FUNCTION}|we) (?:should|must|needs to|has to|shall|ought to|is to|can))(?: (?:also|always|now|first))? (?!be\b)", ""),
    (rf"^(?:ensure|make sure)(?: that)? {_FUNCTION} (?P<does>(?:raise|return|log|print)s\b.*)", r"\g<does>"),
    (r"^an? (?=(?:[\w-]+ ){0,4}(?:flag|parameter|argument|option|switch)\b)", "add a "),
    (r"^start (?:off )?by asserting", "assert"),
    (r"^start (?:off )?by (?P<verb>rais|print|logg)ing", r"\g<verb>"),
    (r"^rais (?=an? |\w*Error)", "raise "),
    (r"^logg (?=.)", "log "),
    (r"^(?:abort|fail|bail out|stop|blow up|error out|complain) (?:with|by raising) ", "raise "),
    (r"^throw(?:s)? (?=.)", "raise "),
    # Parameters.
    (rf"^(?:extend|change|update) (?:(?:the|its|this) (?:signature|function|method|parameters)(?: of {_FUNCTION})?|it) (?:with|by|to (?:take|accept|have)) ", "add "),
    (r"^(?:take|accept|have|get|support|allow(?: for)?|provide|offer) (?=(?:an?|another|the) |\w+ ?=)", "add "),
    # Guards.
    (rf"^(?:reject|refuse|disallow|forbid|do not (?:accept|allow)|guard against) {_BAD} (?:for|as|in|on) {_X}{_BY} {_ERROR}$", r"raise \g<e> if \g<x> is \g<bad>"),
    (rf"^(?:reject|refuse|disallow|forbid|do not (?:accept|allow)|guard against) {_BAD} {_X}{_BY} {_ERROR}$", r"raise \g<e> if \g<x> is \g<bad>"),
    (rf"^(?:reject|refuse|disallow|forbid|do not (?:accept|allow)|guard against) (?P<x>[\w.]+) being {_BAD}{_BY} {_ERROR}$", r"raise \g<e> if \g<x> is \g<bad>"),
    (rf"^add (?:an? )?(?:guard|check) against {_BAD} {_X}{_BY} {_ERROR}$", r"raise \g<e> if \g<x> is \g<bad>"),
    (rf"^add {_BAD} check (?:for|on|of) {_X}{_BY} {_ERROR}$", r"raise \g<e> if \g<x> is \g<bad>"),
    (rf"^raise {_ERROR} (?:for|on) {_BAD} {_X}$", r"raise \g<e> if \g<x> is \g<bad>"),
    (rf"\b(?:it is )?(?:called|invoked) with {_BAD} (?:as|for) {_X}", r"\g<x> is \g<bad>"),
    (rf"\b(?P<bad>None) (?:is|was) (?:passed|given|handed)(?: in)? (?:as|for) {_X}", r"\g<x> is \g<bad>"),
    (r"\b(?P<x>(?:the|its) (?:first|second|third|last) (?:argument|parameter)) (?:it is given )?equals (?P<bad>None)\b", r"\g<x> is \g<bad>"),
    (r"\bwith (?P<x>[A-Za-z_]\w*) ?= ?True\b", r"if \g<x> is true"),
    # Results.
    (rf"^(?:store|save|keep|assign|bind|put) {_RESULT} (?:in|to|as|into|under) (?:an? |the )?(?:(?:local|temporary|new|intermediate|separate) )*(?:variable|name|local)(?: (?:called |named )?\w+)?(?: first)?,? (?:and|then) (?:then )?(?=log|print|assert|check|raise)", ""),
    (r"\b(?P<verb>log|print|assert that) (?P<it>it|this)(?= (?:before|is|just|right|at|with|using))", r"\g<verb> the result"),
    (r"^(?P<what>.+?) (?:should|must|has to|have to|needs to|is to|are to) be (?P<verb>logged|printed)\b", r"\g<verb> \g<what>"),
    (r"^logged ", "log "),
    (r"^printed ", "print "),
    (r"^(?:use|using|with|via|through) (?P<how>(?:the )?logging(?: module| library)?|[\w.()]*(?:logger|logging|getLogger|log)[\w.()]*)(?: module)?,? (?:to )?log (?P<what>.+)$", r"log \g<what> with \g<how>"),
    (r"^(?:use|with|add|using) (?:an? )?assert(?:ion| statement)?,? (?:to )?(?:check|ensure|verify|make sure) (?:that )?(?P<what>.+)$", r"assert that \g<what>"),
    (r"^(?:make sure|ensure|check|verify) (?:that )?(?P<what>.+?),? (?:\((?:use|with|by|using) an? assert(?:ion| statement)?\)|(?:with|using|by|via) an? assert(?:ion| statement)?)$", r"assert that \g<what>"),
    (r"^(?P<verb>assert|check) (?P<when>(?:right |just |directly )?before .+?) that (?P<what>.+)$", r"\g<verb> that \g<what> \g<when>"),
    (r"\bcompute(?:d)? result\b", "result"),
)  # fmt: skip


def usual(words: str) -> str:
    """The words in their usual way."""
    for way, written in _WAYS:
        words = re.sub(way, written, words, flags=re.IGNORECASE)
    return words
