"""What an answer has to keep: the checks on a model's code for a region, in the words of each."""

from __future__ import annotations

from collections.abc import Callable

from seed_lsp.features.refactor import done, done_cases, kept_code, kept_flow, kept_names, kept_structure, kept_texts, traps
from seed_lsp.features.refactor.change import Change

Check = Callable[[Change], str]

CHECKS: tuple[Check, ...] = (
    kept_code.lost_definition,
    kept_code.lost_statements,
    kept_code.changed_signature,
    kept_code.lost_decorator,
    kept_texts.lost_licence,
    kept_texts.lost_docstring,
    kept_texts.lost_comment,
    kept_texts.lost_text,
    kept_texts.lost_fence,
    kept_texts.changed_line_around,
    kept_names.undefined_name,
    kept_names.dropped_variable,
    done.changed_rest,
    done.more_than_names,
    done.missing_parameter,
    done.missing_named_parameter,
    done.missing_condition,
    done.missing_own_name,
    done.missing_before_return,
    traps.invalid_code,
    traps.enclosed_definition,
    traps.unreachable_code,
    traps.new_recursion,
    traps.formatted_twice,
)
"""For words that say what is to change."""
OWN_WORDS: tuple[Check, ...] = (
    *CHECKS,
    kept_structure.changed_texts_alone,
    kept_structure.changed_besides_texts,
    kept_structure.changed_besides_types,
    kept_structure.changed_old_code,
    kept_structure.changed_unspoken,
    done_cases.missing_call,
    done_cases.missing_case,
    done_cases.late_guard,
    done_cases.wrong_place,
    done_cases.missing_keyword_only,
    done_cases.outside_wrap,
    done_cases.uncommented_return,
    done_cases.left_what_should_go,
    traps.changed_conditions,
    traps.unknown_attribute,
    traps.impossible_case,
    done_cases.missing_result,
    done_cases.missing_support,
    traps.unused_parameter,
    traps.passed_by_place,
    traps.compared_with_none,
    traps.unasked_raise,
    traps.awaited_at_random,
    kept_structure.unspoken_alone,
    traps.reported_by_ruff,
)
"""For a user's own words, which ask for nothing else than they say."""
SAME_BEHAVIOUR: tuple[Check, ...] = (
    kept_flow.moved_effect,
    *(check for check in CHECKS if check is not kept_code.lost_statements),
    traps.reported_by_ruff,
)
"""For code that is to do the same in another way: it may be shorter."""


_BY_THE_REGION: tuple[Check, ...] = (
    kept_structure.changed_besides_texts,
    kept_structure.changed_besides_types,
    kept_structure.changed_old_code,
)


def refused_at_once(change: Change) -> bool:
    """Whether the region alone shows that the answer may not be applied, without a look at the file
    around it, which takes longest.
    """
    return not kept_structure.is_readable(change) or any(check(change) for check in _BY_THE_REGION)


def refusal(change: Change) -> str:
    """Why the answer may not be applied, in the user's words; empty if it may."""
    checks = SAME_BEHAVIOUR if change.same_behaviour else OWN_WORDS if change.is_own else CHECKS
    for check in checks:
        if words := check(change):
            return words
    return ""
