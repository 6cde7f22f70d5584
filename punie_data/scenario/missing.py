"""What a request may leave out that nobody but the user can say: how she asks without it, and how one asks her for it.

Each missing thing is such that no tool at hand could find it: it was said in a review, stands in a ticket, or is only in her mind. `needs` are the
tools that would be called if it were known. Without them the request could not be met at all, and asking would be the wrong answer.
"""

from typing import NamedTuple


class Missing(NamedTuple):
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    needs: tuple[str, ...]


NEW_NAME = Missing(
    (
        "Rename `{old_name}` in {path}, please.",
        "I don't like the name `{old_name}` in {path} any more. Change it to the one I suggested.",
        "`{old_name}` in {path} needs another name. Can you do the renaming?",
        "`{old_name}` (in {path}) has to get the name we agreed on. Please change it everywhere in the file.",
        "We agreed in the review to rename `{old_name}` in {path}. Please do it.",
        "rename {old_name}, it's in {path}",
        "Can you rename `{old_name}` for me? It's defined in {path}.",
        "Use the new name for `{old_name}` throughout {path}, please.",
        "The reviewers want `{old_name}` in {path} renamed. Go ahead.",
        "Replace the name `{old_name}` in {path} by the one from the review.",
        "I have a better name for `{old_name}` (see {path}). Please rename it.",
        "Do the rename of `{old_name}` in {path} that we talked about.",
    ),
    (
        "What should `{old_name}` be called instead?",
        "Gladly. Which new name shall `{old_name}` get?",
        "I only have the old name, `{old_name}`: to which new one?",
        "What's the new name for `{old_name}`?",
        "Sure. What do you want to call it?",
        "Which name should replace `{old_name}`?",
        "Before I rename `{old_name}`: what is the new name?",
        "You haven't said what it should be called: which name do you want for `{old_name}`?",
    ),
    ("cst_rename",),
)
OLD_NAME = Missing(
    (
        "Something in {path} should be called `{new_name}` from now on. Please rename it.",
        "Rename it to `{new_name}`. It's in {path}.",
        "In {path}, change that name to `{new_name}`.",
        "The name I complained about in {path} shall become `{new_name}`.",
        "Please use `{new_name}` in {path} instead of the old name.",
        "rename to {new_name} in {path}",
        "{path}: call it `{new_name}`, as agreed.",
        "One of the names in {path} has to be changed to `{new_name}`. Can you do that?",
    ),
    (
        "Which name in `{path}` should become `{new_name}`?",
        "What is it called now?",
        "Sure, but which name in `{path}` do you want changed to `{new_name}`?",
        "Which symbol of `{path}` is to be renamed?",
        "What's its present name?",
        "To `{new_name}`, fine. What is the old name?",
    ),
    ("cst_rename",),
)
IMPORT = Missing(
    (
        "Add an import to {path}.",
        "I want one more import in {path}. Please put it in.",
        "Could you add the import to {path} where it belongs?",
        "Insert the import I need into {path}, please.",
        "Please extend the imports of {path}.",
        "Add that import at the top of {path}.",
        "Put the import from the ticket into {path}.",
        "Add another import to {path}, sorted in properly.",
        "There should be one more import in {path}. Please put it where imports go.",
        "Import it in {path}, please.",
        "add import to {path}",
        "Make {path} import it as well.",
    ),
    (
        "Which import should `{path}` get?",
        "What shall be imported in `{path}`: which module, and which name of it?",
        "Sure, but what is to be imported there: a module, or names from one?",
        "Which module or name do you need in `{path}`?",
        "What do you want imported in `{path}`?",
        "Could you give me the import statement?",
        "Which module should `{path}` import, and do you want the module itself or a name from it?",
        "Gladly. What's the import?",
    ),
    ("cst_add_import",),
)
IMPORTING_FILE = Missing(
    (
        "Add `{statement}` to that file.",
        "Insert `{statement}` for me.",
        "Please put `{statement}` into the module.",
        "I need `{statement}` in there. Can you add it?",
        "add import: {statement}",
        "The module from the ticket should have `{statement}`. Add it, please.",
        "Make sure that the file has `{statement}`.",
        "Could you add `{statement}` where I told you?",
    ),
    (
        "Which file should get `{statement}`?",
        "To which file shall I add it?",
        "In which file do you need that import?",
        "What's the path of the file that should get it?",
        "Where should `{statement}` go: into which file?",
        "Could you tell me the file?",
    ),
    ("cst_add_import",),
)
CONTENT = Missing(
    (
        "Write what I drafted to {path}, please.",
        "Save it to {path}.",
        "Put the text into {path}.",
        "Save the new version as {path}.",
        "Write the new contents to {path}, please.",
        "Store the text from my mail as {path}.",
        "Create {path} with the content we agreed on.",
        "{path} should get the text from the ticket. Please write it.",
        "Add the file {path} as discussed.",
        "Write what my colleague sent me to {path}.",
        "Paste my clipboard into {path}.",
        "Please create {path}. I have told you what goes into it.",
    ),
    (
        "What should `{path}` contain?",
        "What text shall I write to `{path}`?",
        "I don't have the contents yet: what should go into `{path}`?",
        "With which contents?",
        "Sure. What exactly should I write to `{path}`?",
        "Could you give me the text for `{path}`?",
        "What is to be in `{path}`, word for word?",
        "The text hasn't reached me: what should `{path}` say?",
    ),
    ("write_file",),
)
WRITTEN_FILE = Missing(
    (
        "Save this to a file:\n\n```\n{content}\n```",
        "Please write the following down for me as a file of the project:\n\n```\n{content}\n```",
        "Please create the file with this content:\n\n```\n{content}\n```",
        "I need this saved in the project:\n\n```\n{content}\n```",
        "Store this where I told you:\n\n```\n{content}\n```",
        "New file, please, with exactly this in it:\n\n```\n{content}\n```",
    ),
    (
        "Under which path should I save it?",
        "What should the file be called, and in which folder does it go?",
        "Which path should the file get?",
        "Where shall I write it to?",
        "What's the name of the file?",
        "Gladly. To which file?",
    ),
    ("write_file",),
)
PATTERN = Missing(
    (
        "Search {place} for that string.",
        "Does the text still occur anywhere in {place}?",
        "Grep {place} for it.",
        "Find every line in {place} that has the phrase.",
        "How often does that word come up in {place}?",
        "Look through {place} for the message that a customer sent us.",
        "Is the string from the bug report anywhere in {place}?",
        "grep {place}",
        "Which lines of {place} contain what I'm looking for?",
        "Do a text search over {place}, please.",
        "Find the error message from my log in {place}.",
        "Where in {place} do we mention it?",
        "Search {place} for the old company name.",
    ),
    (
        "Which text or pattern should I search for?",
        "What exactly am I looking for: which string?",
        "For which string?",
        "What's the text you have in mind?",
        "What text is it, word for word?",
        "Which words should I look for?",
        "Could you give me the string to search for?",
        "Sure. What should I search for?",
    ),
    ("search_text",),
)
A_FUNCTION = Missing(
    (
        "Who calls that function in {path}?",
        "Somebody asked me about a function from {path}. Where is it used?",
        "Find all uses of that function in {path}.",
        "I want to change the signature of a function in {path}. Which places call it?",
        "Show me the callers of the helper in {path}, please.",
        "Is that function in {path} used outside its own file?",
        "callers of the function in {path}?",
        "Before I delete a function in {path}: who depends on it?",
        "How many references does the function from {path} have, the one in the ticket?",
        "I'm going to move a function out of {path}. Which files use it?",
        "Does anything still call the function in {path} that came up in the meeting?",
        "Which tests use the function from {path} that we discussed?",
    ),
    (
        "Which function in `{path}` do you mean?",
        "Can you give me the name of the function in `{path}`?",
        "What's the name of the function, or the line on which it is defined?",
        "Which of the functions in `{path}` is it?",
        "There may be several functions in `{path}`: which one do you mean?",
        "What's it called?",
        "Which function is it, by name or by line?",
        "Sure. Which function?",
    ),
    ("find_references", "call_hierarchy"),
)
A_CLASS = Missing(
    (
        "Which classes derive from that class in {path}?",
        "Where is the class from {path} used, the one in the ticket?",
        "List the subclasses of the class in {path} that I asked you about.",
        "I want to split a class in {path}. Who depends on it?",
        "What does that class in {path} inherit from?",
        "Find every place that makes an instance of the class from {path} that we discussed.",
        "Who uses that class in {path}?",
        "I'd like to deprecate one of the classes in {path}. Where is it used?",
        "Are there subclasses of the class in {path} that I told you about?",
        "References to the class in {path} from the bug report, please.",
        "Before I rename a class in {path}: how often is it used?",
    ),
    (
        "Which class in `{path}` do you mean?",
        "What's the name of the class in `{path}`?",
        "Which class is it, by name?",
        "Which of the classes in `{path}` are you asking about?",
        "There may be several classes in `{path}`: which one is it?",
        "Sure. Which class?",
        "Could you name the class in `{path}`?",
        "What's the class called?",
    ),
    ("find_references", "type_hierarchy"),
)
A_NAME = Missing(
    (
        "What type does the variable in {path} have?",
        "Go to the definition of that name in {path}.",
        "Where does that name in {path} come from?",
        "Take me to where this symbol in {path} is defined.",
        "Hover over the name in {path} and tell me its type.",
        "What's the signature of the function that's called there in {path}?",
        "There's a name in {path} that I don't know. Where is it defined?",
        "My cursor is on a name in {path}. Jump to its definition.",
        "What type is inferred for that expression in {path}?",
        "goto definition in {path}",
        "Show me the documentation of the symbol I have selected in {path}.",
        "What is this thing in {path}, a class or a function?",
    ),
    (
        "Which name in `{path}` do you mean, and on which line is it?",
        "Which symbol, and where in `{path}` does it stand?",
        "I need the name and the line in `{path}`: which are they?",
        "Can you tell me the name, and the line of `{path}` on which you see it?",
        "Which name is it, and where in `{path}` do you see it?",
        "What's the symbol, and on which line of `{path}`?",
        "Could you give me the name and its line in `{path}`?",
        "I can't see your screen: which name is it, and on which line of `{path}`?",
    ),
    ("goto_definition", "hover"),
)
A_FILE = Missing(
    (
        "Show me that file in {folder}.",
        "What does that one module in {folder} define?",
        "Open the file in {folder} that I mentioned and tell me what it is about.",
        "Give me an outline of that one file in {folder}.",
        "Read the file from {folder} that I have to change.",
        "Summarise the file in {folder} that the ticket names.",
        "I need the contents of one of the files in {folder}.",
        "What's in the file from {folder} that came up in the meeting?",
        "Print the file in {folder}, the one I was talking about.",
        "Explain the file in {folder} that I'm supposed to review.",
        "Open the file from the traceback, it's in {folder}.",
        "Read me that file, it's directly in {folder}.",
    ),
    (
        "Which file in `{folder}` do you mean?",
        "Which one of the files in `{folder}`?",
        "What's the name of the file in `{folder}`?",
        "Which file is it, by name?",
        "Could you tell me the file's name?",
        "What's the file called?",
        "There may be several in `{folder}`: which file do you want?",
        "Sure, which file in `{folder}`?",
    ),
    ("read_file", "document_symbols"),
)
_CHECKED = (
    "Check the file in {folder} that the ticket is about.",
    "Does the file in {folder} that I was asked to fix have any findings?",
    "Is that one file in {folder} clean? I mean the one from the review comment.",
    "Any problems in the file in {folder} that QA complained about?",
    "Check that one file in {folder}, not the others.",
)
_TO_CHECK = (
    "Which file in `{folder}` should be checked?",
    "I can't see the conversation in which it was named: which file is it?",
    "What's the file's name? It must be one in `{folder}`, but which?",
    "Which of the files in `{folder}` do you mean?",
    "Could you give me the name of the file?",
    "Sure. Which file in `{folder}`?",
    "What is the file called?",
)
LINTED = Missing(
    (
        *_CHECKED,
        "Lint that one file in {folder}.",
        "Run ruff on the file from {folder} that the reviewer named.",
        "ruff, please, but only for that file in {folder}",
        "What does the linter say about the file in {folder} we were discussing?",
    ),
    _TO_CHECK,
    ("ruff_check",),
)
TYPED = Missing(
    (
        *_CHECKED,
        "Type-check that one file in {folder}.",
        "Does the type checker accept the file in {folder} from the ticket?",
        "Any type errors in the file from {folder} that we discussed?",
        "Run the type checker, but only over the file in {folder} that the reviewer named.",
    ),
    _TO_CHECK,
    ("typecheck",),
)
HISTORY = Missing(
    (
        "Who touched the file in {folder} last? I mean the one from the ticket.",
        "Show me the recent commits of that one file in {folder}.",
        "When did we last change that file in {folder}?",
        "Who changed the file in {folder} that Sam mentioned?",
        "History of the file in {folder}, please, the one named in the bug report.",
        "When was the file from {folder} that the customer mentioned changed last?",
        "Give me the last commit of the file in {folder} that I'm reviewing.",
        "git log for that file in {folder}",
        "Which commits touched the file in {folder} that we talked about?",
        "The last three commits to that one file in {folder}, please.",
    ),
    (
        "Which file in `{folder}` do you mean?",
        "What's the file called?",
        "I don't know what was said elsewhere: which file is it?",
        "I'd need the name of that file: which one in `{folder}` is it?",
        "Could you tell me its name?",
        "Of which file in `{folder}`?",
        "Sure. Which file?",
    ),
    ("git_log",),
)
SOME_PATTERN = Missing(
    ("Find the calls in {path}. I only need those of one particular function.", "Which lines of {path} call the function I mean?",
     "Where does {path} call it?", "Find all places in {path} that match the pattern.", "List the statements of that kind in {path}.",
     "Where does {path} define the thing I have to remove?", "Find the call I asked about in {path}.",
     "Which statements in {path} look like the one in my mail?", "Where in {path} does that name come up again?",
     "Show me the calls in {path} that the ticket is about.", "Where does {path} call that function?"),
    ("What should I look for in `{path}`: which name, or which kind of statement?", "Which name do you mean?",
     "Which call in `{path}` are you after?", "What exactly am I to find in `{path}`?",
     "Could you tell me the name that I should look for?", "What is it called?", "Sure. What do you want to find in `{path}`?"),
    ("cst_find_pattern",),
)  # fmt: skip
A_TEST = Missing(
    ("Run that one test again.", "Does the test pass now?", "Run only the test from the bug report, please.", "Is the test that failed on Friday green?",
     "Execute the single test I was working on.", "Try the flaky test once more.", "Rerun the test that was red in the nightly run.", "Run one test for me."),
    ("Which test should I run?", "What's the name of the test, or the file it is in?", "Which test do you mean?", "A file or a name would do: which test is it?",
     "Could you tell me the name of the test?", "Sure. Which one?"),
    ("pytest_run",),
)  # fmt: skip
A_SYMBOL = Missing(
    ("Where is that class defined? It's somewhere in {project}.", "Find the function in {project} that I keep forgetting the name of.",
     "Look up the symbol from the stack trace in {project}.", "In which file of {project} is that helper?",
     "Find the definition of the class from the ticket. It must be somewhere in {project}.", "I need the file and the line of that method in {project}.",
     "Look for the function a colleague mentioned. It's part of {project}.", "Where does {project} define it?"),
    ("What's its name, or part of it?", "Which name should I look up?", "What is it called?", "Could you tell me the name, or a piece of it?",
     "Which symbol is it?", "Do you remember any part of the name: what should I look for?"),
    ("workspace_symbols",),
)  # fmt: skip
SOME_FILE = Missing(
    ("Find that file for me, it's somewhere in {project}.", "Where in {project} is the file I'm thinking of?", "Does {project} have that file?",
     "Look for the file from the traceback in {project}.", "In which folder of {project} is that module?", "Which file of {project} was it that I had open yesterday?",
     "Is the file still there? It used to be part of {project}."),
    ("What's the file called, or which ending does it have?", "Which file are you looking for?", "What name or pattern should I look for?",
     "Which file name should I search for?", "Could you give me the name, or a part of it?", "Sure. What is its name?"),
    ("list_files",),
)  # fmt: skip
