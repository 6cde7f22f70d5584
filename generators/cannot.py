"""A request that the tools at hand cannot meet, and an answer that says so.

user       Where is `PaymentDeclined` raised?
assistant  I'm not able to tell. It takes a tool that searches the source or reads it, and I don't have one in this session.
"""

from collections.abc import Iterator
from random import Random

from punie_data.chat import Rejected
from punie_data.code.repo import Repo
from punie_data.scenario.phrase import pick
from punie_data.scenario.scene import Scene, Turn
from punie_data.tools.registry import TOOLS
from punie_data.tools.toolbox import Toolbox

CODE = ("list_files", "git_status", "git_log", "typecheck", "ruff_check", "write_file", "pytest_run")
LISTING = ("read_file", "hover", "goto_definition", "document_symbols", "git_log", "write_file", "pytest_run")
LINTING = ("goto_definition", "find_references", "hover", "document_symbols", "workspace_symbols", "call_hierarchy", "type_hierarchy",
           "git_status", "git_log", "list_files", "typecheck", "pytest_run")  # fmt: skip
TYPING = (
    "document_symbols",
    "workspace_symbols",
    "git_status",
    "git_log",
    "list_files",
    "ruff_check",
    "search_text",
    "cst_find_pattern",
)
READING = ("read_file", "list_files", "search_text", "typecheck", "ruff_check", "goto_definition", "find_references", "hover", "document_symbols",
           "workspace_symbols", "find_implementations", "call_hierarchy", "type_hierarchy", "cst_find_pattern")  # fmt: skip
TESTING = (*READING, "git_status", "git_log", "git_diff")
CHANGING = ("list_files", "git_status", "git_log", "typecheck", "ruff_check", "pytest_run")
"""What a renaming would change can be read off the source as well."""
LEFT = {
    "goto_definition": CODE, "find_references": CODE, "hover": CODE, "document_symbols": CODE, "workspace_symbols": CODE, "find_implementations": CODE,
    "call_hierarchy": CODE, "type_hierarchy": CODE, "search_text": CODE, "cst_find_pattern": CODE, "read_file": CODE, "list_files": LISTING,
    "ruff_check": LINTING, "typecheck": TYPING, "git_status": READING, "git_log": READING, "git_diff": READING, "pytest_run": TESTING,
    "cst_rename": CHANGING, "cst_add_import": CHANGING, "write_file": TESTING, "run_command": TESTING,
}  # fmt: skip
"""Which tools may stay when the one that answered goes: only those that could not answer in its place, not even in part."""
NEEDED = {
    "goto_definition": "follows a name to its definition or shows the source",
    "find_references": "finds the uses of a symbol or searches the source",
    "hover": "shows a symbol's type or its source",
    "document_symbols": "reads the file or lists what it defines",
    "workspace_symbols": "looks symbols up by name or searches the source",
    "find_implementations": "finds implementations or searches the source",
    "call_hierarchy": "knows which function calls which or reads the source",
    "type_hierarchy": "knows the class hierarchy or reads the source",
    "search_text": "searches the source or reads it",
    "cst_find_pattern": "reads or searches the source",
    "read_file": "reads files",
    "list_files": "lists folders or searches file names",
    "ruff_check": "runs the linter",
    "typecheck": "runs the type checker",
    "git_status": "queries git",
    "git_log": "queries git",
    "git_diff": "queries git",
    "pytest_run": "runs tests",
    "cst_rename": "changes or reads the source",
    "cst_add_import": "changes or reads the source",
    "write_file": "writes files",
    "run_command": "runs commands",
}
WITHDRAWN = (
    "I can't answer that with the tools I have here: none of them {needed}. Give me one that does, and I can look.",
    "That can't be done with what I have: nothing of it {needed}. I'd rather not guess.",
    "I'm not able to tell. It takes a tool that {needed}, and I don't have one in this session.",
    "That isn't possible with my current tools. None of them {needed}, so anything I said would be a guess.",
    "I have no way to do that here. What's missing is something that {needed}.",
    "Sorry, I can't: there's no tool here that {needed}. If you can enable one, or paste the relevant output, I'll work from that.",
    "None of the tools I was given {needed}, so I can't do this reliably. With the output of one that does, I could go on.",
    "I can't, because no tool at my disposal {needed}. The rest of my tools don't help with this.",
)
CHANGES = ("write_file", "cst_rename", "cst_add_import")
UNDONE = (
    "I can't do that with the tools I have here: none of them {needed}. Give me one that does, and I will.",
    "That can't be done with what I have: nothing of it {needed}.",
    "I'm not able to do that. It takes a tool that {needed}, and I don't have one in this session.",
    "That isn't possible with my current tools: none of them {needed}. Nothing has been changed.",
    "I have no way to do that here. What's missing is something that {needed}.",
    "Sorry, I can't: there's no tool here that {needed}. If you can enable one, I'll do it.",
    "None of the tools I was given {needed}, so this one is yours to do.",
    "I can't, because no tool at my disposal {needed}. The rest of my tools don't help with this.",
)
"""What was to be done, not told: there is no output to paste and nothing to guess."""
OUTSIDE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("Deploy {project} to production.", "Ship the current state of {project} to staging, please.", "Roll {project} out to all servers tonight.", "Can you put {path} live?"),
        ("I can't deploy anything: I have no access to servers or to a deployment pipeline, only to the source code.", "That's beyond what I can do here. Nothing I have reaches your servers; somebody with deployment rights has to start it.",
         "I have no tool that deploys. I can help with the code, but the rollout is not possible from here."),
    ),
    (
        ("E-mail the team that {path} has changed.", "Send Maria a message: {path} is ready for review.", "Post in the team chat that {project} is frozen until Monday.", "Tell my colleagues by mail that I'm working on {path}."),
        ("I can't send messages: none of my tools reaches mail or chat. I can draft the text, and you send it.", "There's no tool here for sending anything, so I'm not able to. Shall I only word it for you, then tell me so.",
         "That isn't possible from here, since I have no access to mail or chat."),
    ),
    (
        ("Open the documentation of {project} in my browser.", "Look up on the web whether {project} has known vulnerabilities.", "Google who else uses {project}.", "Check the {project} website for the newest release."),
        ("I can't go on the web: I have no browser and no network access, only the files of the project.", "That needs access to the internet, which I don't have here.",
         "I have no tool that opens web pages, so I can't look that up. You would have to open it yourself."),
    ),
    (
        ("How many users does the production database of {project} have?", "Which requests to {project} were slowest yesterday in production?", "Query the live database for orders older than a year.", "How much memory does {project} use in production right now?"),
        ("I can't see production: I have no access to databases, logs or monitoring, only to the repository.", "Nothing I have here reaches a running system, so I can't tell. Your monitoring would know.",
         "That's not possible with my tools. They read the source; live data isn't in it."),
    ),
    (
        ("Open a pull request with my changes to {path}.", "File an issue about {path} and assign it to me.", "Approve the pull request for {path}.", "What did the reviewers say about {path}?"),
        ("I can't do that: none of my tools talks to the platform that hosts the repository.", "I have no access to issues or pull requests, only to the working copy. You'd have to do this on the platform.",
         "There's no tool here for pull requests or issues, so that isn't possible for me."),
    ),
    (
        ("Remind me tomorrow at nine to finish {path}.", "Book an hour in my calendar for reviewing {path}.", "Call me when somebody changes {path}.", "Watch {path} and tell me next week what happened to it."),
        ("I can't: I have no calendar and no way to come back to you later. I can only act now, in this conversation.", "I'm not able to do that: nothing here runs after our conversation ends.",
         "There's no tool for reminders or for watching files over time, so I can't promise that."),
    ),
    (
        ("Why did the pipeline fail last night?", "What was the test coverage of {project} a month ago, according to the build server?", "Restart the failed build of {project}.", "Which jobs are queued on the build server for {path}?"),
        ("I can't see the build server: none of my tools reaches it. Paste the log here and I'll read it.", "I have no access to your builds, only to the working copy, so I can't tell.",
         "That's not possible from here; nothing I have talks to the build server."),
    ),
    (
        ("Publish {project} to the package index.", "Upload a new release of {project} and announce it.", "Sign the release of {project} with my key.", "Yank the last release of {project}."),
        ("I can't publish anything: I have neither your credentials nor a tool that uploads.", "There's no tool here for releases, so that isn't possible for me. You'd have to run your release process.",
         "I have no way to do that from here: releasing needs access that I don't have."),
    ),
    (
        ("Take a screenshot of the page that {path} renders.", "Click through the running app and tell me whether {path} works.", "Start {project} on my phone.", "What does the user see on the screen when {path} fails?"),
        ("I can't see or operate a running application: my tools only deal with the files of the project.", "That isn't possible for me. I have nothing that drives a browser or a screen.",
         "I have no tool for that: I can read the code, but not look at a screen."),
    ),
    (
        ("Ask Jonas whether {path} can be deleted.", "Who in my company would mind if {path} went away?", "What did we decide about {path} in yesterday's meeting?", "Find out from the customer whether {path} still matters."),
        ("I can't ask people, and I don't know what was said elsewhere: I only have the project's files.", "That's not something I'm able to find out. No tool here reaches your colleagues; you would have to ask them.",
         "I have no access to people or to notes of your meetings, so I can't tell."),
    ),
)  # fmt: skip


def derive(scenes: list[Scene], repo: Repo, tools: Toolbox, chance: Random) -> Iterator[Scene | Rejected]:
    """The same question without any tool that could answer it; now and then a request that no tool is for."""
    # Of a call that failed, a listing of files may tell as much: its question stays answerable.
    found = [
        scene
        for scene in scenes
        if scene.kind == "tool" and len(scene.turns) == 1 and all(outcome.ok for outcome in scene.outcomes)
    ]
    chance.shuffle(found)
    for index, scene in enumerate(found):
        if index % 3 == 2:
            yield _outside(scene, repo, chance)
            continue
        left = [LEFT.get(outcome.tool, ()) for outcome in scene.outcomes]
        staying = [name for name in TOOLS if all(name in one for one in left)]
        # In Code Mode every tool can be reached, so it goes with the others.
        withheld = tuple(name for name in TOOLS if name not in staying)
        if len(staying) < 3:
            continue
        used = [outcome.tool for outcome in scene.outcomes]
        change = next((tool for tool in used if tool in CHANGES), "")
        answer = pick(chance, UNDONE if change else WITHDRAWN, needed=NEEDED[change or used[0]])
        yield Scene(
            turns=(Turn(scene.question, (), answer),),
            category=scene.category,
            kind="cannot",
            symbol=scene.symbol,
            paths=scene.paths,
            withheld=withheld,
        )


def _outside(scene: Scene, repo: Repo, chance: Random) -> Scene:
    """What no tool is for. A command line could be tried on it, so that goes."""
    path = next((path for path in scene.paths if path in repo.paths), repo.paths[0])
    questions, answers = OUTSIDE[chance.randrange(len(OUTSIDE))]
    question = pick(chance, questions, project=repo.title, path=path)
    return Scene(
        turns=(Turn(question, (), pick(chance, answers)),),
        category="workflow",
        kind="cannot",
        paths=(path,) if path in question else (),
        withheld=("run_command", "execute_code"),
    )
