"""All rules, in the order of their codes. A code, once given, keeps its meaning."""

from collections.abc import Iterable

from punie_data.errors import UserError
from punie_data.validate import (
    answer_rules,
    call_rules,
    code_rules,
    format_rules,
    privacy_rules,
    record_rules,
    result_rules,
    set_rules,
    share_rules,
    text_rules,
    tokenizer_rules,
    turn_rules,
)
from punie_data.validate.rule import Rule

NOT_JSON = "PD100"
NOT_A_RECORD = "PD101"
EMPTY_FILE = "PD102"


def not_json(problem: str) -> list[str]:
    """The line is not JSON, not UTF-8, longer than what is read, or nested deeper.

    The lines after it are read all the same.
    """
    return [problem]


def not_a_record(problem: str) -> list[str]:
    """The row does not satisfy `schemas/example.schema.json`: a key is missing or unknown, or a value is of the wrong type.

    The rules about turns, calls, results and answers look only at rows that satisfy it. Where a rule with a more exact name
    (PD103 to PD107) has found the cause, this one is silent.
    """
    return [problem]


def empty_file(problem: str) -> list[str]:
    """The file has no rows.

    A trainer raises at an empty split, and an empty file is more often a failed run than a wish.
    """
    return [problem]


RULES: tuple[Rule, ...] = (
    # The first three are found by the checker itself, on the way to a row.
    Rule(NOT_JSON, "not-json", "error", "line", not_json),
    Rule(NOT_A_RECORD, "not-a-record", "error", "value", not_a_record),
    Rule(EMPTY_FILE, "empty-file", "error", "line", empty_file),
    Rule("PD103", "reserved-key", "error", "value", format_rules.reserved_key, needs="record"),
    Rule("PD104", "foreign-shape", "error", "value", format_rules.foreign_shape, needs="record"),
    Rule("PD105", "call-key", "error", "value", format_rules.call_key),
    Rule("PD106", "arguments-as-text", "error", "value", format_rules.arguments_as_text, needs="record"),
    Rule("PD107", "system-message", "error", "value", format_rules.system_message, needs="record"),
    Rule("PD108", "duplicate-key", "error", "line", format_rules.duplicate_key),
    Rule("PD109", "wide-number", "error", "line", format_rules.wide_number),
    Rule("PD110", "special-token", "error", "row", text_rules.special_token),
    Rule("PD111", "wrapped-result", "error", "row", text_rules.wrapped_result),
    Rule("PD112", "unclosed", "error", "row", text_rules.unclosed),
    Rule("PD113", "example-marker", "error", "row", text_rules.example_marker),
    Rule("PD150", "wrong-id", "error", "row", record_rules.wrong_id, needs="record"),
    Rule("PD151", "no-licence", "warning", "row", record_rules.no_licence, needs="record"),
    Rule("PD152", "no-origin", "error", "row", record_rules.no_origin, needs="record"),
    Rule("PD153", "label-against-calls", "error", "row", record_rules.label_against_calls, needs="record"),
    Rule("PD154", "ask-without-question", "error", "row", record_rules.ask_without_question, needs="record"),
    Rule("PD155", "cannot-without-refusal", "warning", "row", record_rules.cannot_without_refusal, needs="record"),
    Rule("PD200", "first-turn", "error", "row", turn_rules.first_turn),
    Rule("PD201", "unanswered-call", "error", "row", turn_rules.unanswered_call),
    Rule("PD202", "stray-result", "error", "row", turn_rules.stray_result),
    Rule("PD203", "call-id-reused", "error", "row", turn_rules.call_id_reused),
    Rule("PD204", "consecutive-turns", "error", "row", turn_rules.consecutive_turns),
    Rule("PD205", "interrupted-turn", "error", "row", turn_rules.interrupted_turn),
    Rule("PD206", "last-turn", "error", "row", turn_rules.last_turn),
    Rule("PD207", "open-call", "error", "row", turn_rules.open_call),
    Rule("PD208", "announced-and-stopped", "error", "row", turn_rules.announced_and_stopped),
    Rule("PD209", "text-before-call", "warning", "row", turn_rules.text_before_call, needs="record"),
    Rule("PD300", "unknown-tool", "error", "row", call_rules.unknown_tool),
    Rule("PD301", "tool-not-offered", "error", "row", call_rules.tool_not_offered),
    Rule("PD302", "wrong-arguments", "error", "row", call_rules.wrong_arguments),
    Rule("PD303", "phantom-call", "error", "row", call_rules.phantom_call),
    Rule("PD304", "repeated-call", "error", "row", call_rules.repeated_call),
    Rule("PD305", "unfounded-number", "error", "row", call_rules.unfounded_number),
    Rule("PD306", "unfounded-path", "error", "row", call_rules.unfounded_path),
    Rule("PD320", "code-syntax", "error", "row", code_rules.code_syntax),
    Rule("PD321", "code-name", "error", "row", code_rules.code_name),
    Rule("PD322", "code-field", "error", "row", code_rules.code_field),
    Rule("PD323", "code-unsupported", "error", "row", code_rules.code_unsupported),
    Rule("PD324", "code-binding", "error", "row", code_rules.code_binding),
    Rule("PD325", "code-silent", "error", "row", code_rules.code_silent),
    Rule("PD400", "placeholder-result", "error", "row", result_rules.placeholder_result),
    Rule("PD401", "invented-hash", "error", "row", result_rules.invented_hash),
    Rule("PD402", "wrong-result-type", "error", "row", result_rules.wrong_result_type),
    Rule("PD403", "repr-for-json", "error", "row", result_rules.repr_for_json),
    Rule("PD404", "wrong-checksum", "error", "row", result_rules.wrong_checksum, needs="record"),
    Rule("PD405", "runs-against-calls", "error", "row", result_rules.runs_against_calls, needs="record"),
    Rule("PD406", "count-of-cut-result", "error", "row", result_rules.count_of_cut_result, needs="record"),
    Rule("PD407", "empty-result", "error", "row", result_rules.empty_result),
    Rule("PD500", "empty-answer", "error", "row", answer_rules.empty_answer),
    Rule("PD501", "vacuous-answer", "error", "row", answer_rules.vacuous_answer),
    Rule("PD502", "echo", "error", "row", answer_rules.echo),
    Rule("PD503", "ungrounded-number", "error", "row", answer_rules.ungrounded_number),
    Rule("PD504", "ungrounded-path", "error", "row", answer_rules.ungrounded_path),
    Rule("PD505", "ungrounded-name", "error", "row", answer_rules.ungrounded_name),
    Rule("PD700", "local-path", "error", "value", privacy_rules.local_path),
    Rule("PD701", "email-address", "error", "value", privacy_rules.email_address),
    Rule("PD702", "secret", "error", "value", privacy_rules.secret),
    *tokenizer_rules.RULES,
    Rule("PD900", "mixed-shapes", "error", "set", set_rules.mixed_shapes),
    Rule("PD901", "mixed-dialects", "error", "set", set_rules.mixed_dialects),
    Rule("PD902", "system-prompts", "error", "set", set_rules.system_prompts),
    Rule("PD903", "uneven-text-before-calls", "warning", "set", set_rules.uneven_text_before_calls),
    Rule("PD904", "form-betrays-tool", "warning", "set", set_rules.form_betrays_tool),
    Rule("PD905", "offer-betrays-kind", "warning", "set", set_rules.offer_betrays_kind),
    Rule("PD910", "duplicate-row", "warning", "set", set_rules.duplicate_row),
    Rule("PD911", "repeated-question", "warning", "set", set_rules.repeated_question),
    Rule("PD912", "contradicting-rows", "error", "set", set_rules.contradicting_rows),
    Rule("PD913", "split-leak", "error", "set", set_rules.split_leak),
    Rule("PD914", "shared-origin", "warning", "set", set_rules.shared_origin),
    Rule("PD915", "suite-question", "error", "set", set_rules.suite_question),
    Rule("PD920", "tool-share", "warning", "set", share_rules.tool_share),
    Rule("PD921", "little-field-access", "warning", "set", share_rules.little_field_access),
    Rule("PD922", "few-tool-pairs", "warning", "set", share_rules.few_tool_pairs),
    Rule("PD923", "rare-tool", "warning", "set", share_rules.rare_tool),
    Rule("PD924", "large-source", "warning", "set", share_rules.large_source),
    Rule("PD925", "large-template", "warning", "set", share_rules.large_template),
    Rule("PD926", "unshuffled", "warning", "set", share_rules.unshuffled),
    Rule("PD927", "only-success", "warning", "set", share_rules.only_success),
    Rule("PD928", "missing-kind", "warning", "set", share_rules.missing_kind),
)  # fmt: skip
BY_CODE = {rule.code: rule for rule in RULES}


def chosen(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules whose code begins with, or whose name is, one of `select` (none: all), less those of `ignore`; the more exact one wins.

    UserError for a code that no rule has.
    """
    wanted, unwanted = list(select), list(ignore)
    for code in (*wanted, *unwanted):
        if not any(_fit(rule, code) for rule in RULES):
            raise UserError(
                f"no rule has the code {code!r}: the codes are {RULES[0].code} to {RULES[-1].code}"
            )
    return tuple(
        rule for rule in RULES if _reach(rule, wanted, bool(not wanted)) > _reach(rule, unwanted, False)
    )


def _fit(rule: Rule, code: str) -> int:
    """How exactly a code names a rule: 0 not at all, more the longer the prefix."""
    if not code:
        return 0
    return len(rule.code) if code == rule.name else len(code) * rule.code.startswith(code.upper())


def _reach(rule: Rule, codes: list[str], everything: bool) -> float:
    return max((_fit(rule, code) for code in codes), default=0) or (0.5 if everything else 0)
