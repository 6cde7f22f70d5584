"""Session files: each task that the user gave becomes a row, and what is no whole conversation says why."""

from pathlib import Path
from typing import Any

import orjson

from punie_data.importing import records
from punie_data.validate.check import record_validator
from tests.test_import import said


def converted(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The records of a session file, and the problems."""
    file = tmp_path / "session.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    lines = list(records(file))
    found = [line.row for line in lines if not line.problem]
    assert all(record_validator().is_valid(row) for row in found)
    return found, [line.problem for line in lines if line.problem]


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {
        "type": "user",
        "sessionId": "s",
        "isSidechain": False,
        "message": {"role": "user", "content": content},
        **more,
    }


def result(identity: str, content: Any, **more: Any) -> dict[str, Any]:
    return user([{"type": "tool_result", "tool_use_id": identity, "content": content, **more}])


def assistant(message: str, block: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = {"role": "assistant", "id": message, "model": "m", "content": [block]}
    return {"type": "assistant", "sessionId": "s", "isSidechain": False, "message": content, **more}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def use(identity: str, name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": identity, "name": name, "input": given}


TASK = [
    user("What does a.py hold?"),
    assistant("m1", {"type": "thinking", "thinking": "hm", "signature": "x"}),
    assistant("m1", text("Looking.")),
    assistant("m1", use("t1", "Read", file_path="a.py")),
    result("t1", "x = 1"),
    assistant("m1", use("t2", "Bash", command="ls")),
    result("t2", [text("a.py")], is_error=True),
    assistant("m2", text("One name: `x`.")),
]
READ = [
    ("user", "What does a.py hold?", []),
    ("assistant", "Looking.", [("Read", {"file_path": "a.py"}), ("Bash", {"command": "ls"})]),
    ("tool", "x = 1", []),
    ("tool", "a.py", []),
    ("assistant", "One name: `x`.", []),
]


def test_claude_codes_tasks_are_rows(tmp_path: Path) -> None:
    """Else a message that is written over several lines would be several turns, and its results would answer nothing."""
    about = [{"type": "summary", "summary": "Files", "leafUuid": "u"}, {"type": "file-history-snapshot", "messageId": "m", "snapshot": {}}]  # fmt: skip
    rows, problems = converted(tmp_path, [*about, *TASK, {"type": "system", "sessionId": "s", "content": "x"}, user("Thanks, and why?"), assistant("m3", text("Because."))])  # fmt: skip
    assert problems == []
    assert [said(row) for row in rows] == [
        READ,
        [("user", "Thanks, and why?", []), ("assistant", "Because.", [])],
    ]
    assert rows[0]["tools"] == ["Read", "Bash"]
    assert [run["exit"] for run in rows[0]["runs"]] == [0, 1]
    assert [row["origin"]["symbol"] for row in rows] == ["line 3", "line 12"]
    assert {row["origin"]["generator"] for row in rows} == {"import:claude-code"}


def test_a_side_conversation_is_a_row_of_its_own(tmp_path: Path) -> None:
    """Else what an agent's agent said would stand in the middle of the task that started it."""
    side = [
        user("Find it.", isSidechain=True, uuid="a", parentUuid=None),
        assistant("n1", text("Found."), isSidechain=True, uuid="b", parentUuid="a"),
    ]
    rows, problems = converted(tmp_path, [*TASK[:4], *side, *TASK[4:]])
    assert problems == []
    assert READ in [said(row) for row in rows]
    assert [("user", "Find it.", []), ("assistant", "Found.", [])] in [said(row) for row in rows]


def test_what_claude_code_adds_is_no_task(tmp_path: Path) -> None:
    """Else commands that the program answers, and lines that a resumed session repeats, would be questions."""
    rows, problems = converted(
        tmp_path,
        [
            user("Caveat: …", isMeta=True),
            user("<command-name>/clear</command-name>"),
            user("<local-command-stdout></local-command-stdout>"),
            user("<command-name>/init</command-name>"),
            user([text("Please write a guide.")], isMeta=True),
            assistant("m", text("Written.")),
            *[row | {"uuid": f"u{n}"} for n, row in enumerate(TASK)] * 2,
        ],
    )
    assert problems == []
    assert said(rows[0])[0] == ("user", "<command-name>/init</command-name>\n\nPlease write a guide.", [])
    assert [said(row) for row in rows[1:]] == [READ]


def test_a_task_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    """Else a model would learn conversations without an end, or with one that the user did not want."""
    rows, problems = converted(
        tmp_path,
        [
            user("One"),
            assistant("a", use("t", "Bash", command="ls")),
            user("[Request interrupted by user for tool use]"),
            user("Two"),
            assistant("b", use("u", "Bash", command="ls")),
            result("u", "x"),
            user([{"type": "image", "source": {}}, text("Three")]),
            assistant("c", text("Nice.")),
            user("This session is being continued…", isCompactSummary=True),
            assistant("d", text("Going on.")),
            user("Five"),
            assistant("e", text("API Error"), isApiErrorMessage=True),
            user("Six"),
        ],
    )
    assert rows == []
    assert [problem.partition(":")[0] for problem in problems] == [
        "the user stopped the agent",
        "the task ends without an answer",
        "a part that is no text",
        "the task begins before a summary of what was said",
        "the service answered with an error",
        "the task ends without an answer",
    ]


def test_odd_contents_are_told(tmp_path: Path) -> None:
    """Else a line that a future version writes would end the import."""
    odd = [
        assistant("m", {"type": "text", "text": "x"}) | {"message": {"content": value}}
        for value in (5, None, {}, [7])
    ]
    rows, problems = converted(tmp_path, [assistant("a", {"type": "thinking"}), user("x", isMeta=True), *odd, user(None), user(3), user([9]), assistant("b", text("y"))])  # fmt: skip
    assert rows == []
    assert len(problems) == 2


def item(**payload: Any) -> dict[str, Any]:
    return {"timestamp": "t", "type": "response_item", "payload": payload}


def says(role: str, words: str) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return item(type="message", role=role, content=[{"type": kind, "text": words}])


CODEX = [
    {"timestamp": "t", "type": "session_meta", "payload": {"id": "i", "cwd": "/x", "instructions": None, "base_instructions": {"text": "You are Codex."}}},
    says("user", "<environment_context>\n  <cwd>/x</cwd>\n</environment_context>"),
    says("user", "What does a.py hold?"),
    {"timestamp": "t", "type": "event_msg", "payload": {"type": "user_message", "message": "What does a.py hold?"}},
    {"timestamp": "t", "type": "turn_context", "payload": {"cwd": "/x", "model": "m"}},
    item(type="reasoning", summary=[], encrypted_content="x"),
    says("assistant", "Looking."),
    item(type="function_call", name="shell", arguments='{"command":["cat","a.py"]}', call_id="c1"),
    item(type="function_call", name="shell", arguments='{"command":["ls"]}', call_id="c2"),
    item(type="function_call_output", call_id="c2", output='{"output":"a.py\\n","metadata":{"exit_code":1,"duration_seconds":0.1}}'),
    item(type="function_call_output", call_id="c1", output="x = 1"),
    item(type="custom_tool_call", name="apply_patch", input="*** Begin Patch", call_id="c3", status="completed"),
    item(type="custom_tool_call_output", call_id="c3", output="Success."),
    says("assistant", "One name: `x`."),
    says("user", "Thanks!"),
    says("assistant", "You're welcome."),
]  # fmt: skip


def test_codexs_tasks_are_rows(tmp_path: Path) -> None:
    """Else the session files of the other agent would stay outside."""
    rows, problems = converted(tmp_path, CODEX)
    assert problems == []
    assert said(rows[0]) == [
        ("user", "What does a.py hold?", []),
        ("assistant", "Looking.", [("shell", {"command": ["cat", "a.py"]}), ("shell", {"command": ["ls"]})]),
        ("tool", '{"output":"a.py\\n","metadata":{"exit_code":1,"duration_seconds":0.1}}', []),
        ("tool", "x = 1", []),
        ("assistant", "", [("apply_patch", {"input": "*** Begin Patch"})]),
        ("tool", "Success.", []),
        ("assistant", "One name: `x`.", []),
    ]
    assert [m["tool_call_id"] for m in rows[0]["messages"] if m["role"] == "tool"] == ["c2", "c1", "c3"]
    assert [run["exit"] for run in rows[0]["runs"]] == [1, 0, 0]
    assert said(rows[1])[0] == ("user", "Thanks!", [])


def test_codexs_first_version_wrote_items_without_an_envelope(tmp_path: Path) -> None:
    """Else older sessions would be rows of no known format."""
    older = [
        {"id": "i", "timestamp": "t", "instructions": None, "git": {}},
        {"record_type": "state"},
        *[row["payload"] for row in CODEX if row["type"] == "response_item"],
    ]
    rows, problems = converted(tmp_path, older)
    assert problems == []
    assert [len(row["messages"]) for row in rows] == [7, 2]


def test_a_codex_task_that_was_not_finished_is_refused(tmp_path: Path) -> None:
    """Else a model would learn conversations without an end."""
    rows, problems = converted(
        tmp_path,
        [
            says("user", "One"),
            item(type="function_call", name="shell", arguments="{}", call_id="c1"),
            {
                "timestamp": "t",
                "type": "event_msg",
                "payload": {"type": "turn_aborted", "reason": "interrupted"},
            },
            says("user", "Two"),
            item(type="web_search_call", status="completed", action={"type": "search", "query": "x"}),
            says("assistant", "Found."),
            says("user", "Three"),
            item(type="function_call", name="shell", arguments='{"command": [', call_id="c9"),
            says("assistant", "So."),
        ],
    )
    assert rows == []
    assert [problem.partition(":")[0] for problem in problems] == [
        "the user stopped the agent",
        "a call whose result the session does not hold",
        "a call that can't be read",
    ]
