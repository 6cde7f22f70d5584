"""Requests that no tool for source code is for, and what to say to them: (questions, answers) by what they would take.

An answer holds whichever tools are at hand, so it promises nothing that takes one. A command line could be tried on some: it must not be offered.
"""

OUTSIDE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("Deploy {project} to production.", "Ship the current state of {project} to staging, please.", "Roll {project} out to all servers tonight.",
         "Can you put {path} live?", "Roll the last deployment of {project} back.", "Hotfix {path} directly on the production machine."),
        ("I can't deploy anything: I have no access to servers or to a deployment pipeline.", "That's beyond what I can do here. Nothing I have reaches your servers; somebody with deployment rights has to start it.",
         "I have no tool that deploys, so the rollout isn't possible from here.", "I'm not able to touch a server: my tools end at this working copy.",
         "There's no tool here for deployments. That has to go through your own pipeline."),
    ),
    (
        ("E-mail the team that {path} has changed.", "Send Maria a message: {path} is ready for review.", "Post in the team chat that {project} is frozen until Monday.",
         "Tell my colleagues by mail that I'm working on {path}.", "Ping the maintainers of {project} on Slack.", "Text Priya that I'm done with {path}."),
        ("I can't send messages: none of my tools reaches mail or chat. I can draft the text, and you send it.", "There's no tool here for sending anything, so I'm not able to. I can word it for you.",
         "That isn't possible from here, since I have no access to mail or chat. I don't have any way to reach people.", "I'm unable to contact anybody: nothing here sends messages.",
         "I can't do that. Messages have to come from you; I have no way to send one."),
    ),
    (
        ("Open the documentation of {project} in my browser.", "Look up on the web whether {project} has known vulnerabilities.", "Google who else uses {project}.",
         "Check the {project} website for the newest release.", "How many stars does {project} have today?", "How often was {project} downloaded last month?",
         "Is there a blog post about the design of {project}? Search the web for one."),
        ("I can't go on the web: I have no browser and no network access.", "I'm not able to: that needs access to the internet, which I don't have here.",
         "I have no tool that opens web pages, so I can't look that up. You would have to open it yourself.", "I can't go online: nothing I have reaches the internet. Your browser does.",
         "I'm unable to search the web from here; I only see this project."),
    ),
    (
        ("Which version of {project} runs in production?", "Which requests to the service were slowest yesterday in production?", "Query the live database for entries older than a year.",
         "How much memory does {project} use in production right now?", "How many errors did {path} cause for our users last week?", "Show me last night's production logs of {project}."),
        ("I can't see production: I have no access to databases, logs or monitoring.", "I can't tell from here: nothing I have reaches a running system. Your monitoring does.",
         "That's not possible with my tools: live data isn't within their reach.", "I'm not able to look into running systems. If you paste the figures, I can help to read them.",
         "I have no tool that reads live logs or metrics, and guessing them would be no use."),
    ),
    (
        ("Open a pull request with my changes to {path}.", "File an issue about {path} and assign it to me.", "Approve the pull request for {path}.",
         "What did the reviewers say about {path}?", "Close all stale issues of {project}.", "Who is assigned to the open issues about {path}?"),
        ("I can't do that: none of my tools talks to the platform that hosts the repository.", "I don't have access to issues or pull requests, only to the working copy. You'd have to do this on the platform.",
         "There's no tool here for pull requests or issues, so that isn't possible for me.", "I'm not able to: pull requests and issues live on a server that I have no connection to.",
         "I have no way to reach the issue tracker or the reviews from here."),
    ),
    (
        ("Remind me tomorrow at nine to finish {path}.", "Book an hour in my calendar for reviewing {path}.", "Call me when somebody changes {path}.",
         "Watch {path} and tell me next week what happened to it.", "Every Friday, check {path} again.", "Wake up in two hours and look at {path} once more."),
        ("I can't: I have no calendar and no way to come back to you later. I can only act now, in this conversation.", "I'm not able to do that: nothing here runs after our conversation ends.",
         "There's no tool for reminders or for watching files over time, so I can't promise that.", "I have no way to act later on. A calendar entry or a scheduled job would be the thing.",
         "I can't keep track of anything between conversations, so please set that up elsewhere."),
    ),
    (
        ("Why did the pipeline fail last night?", "What was the test coverage of {project} a month ago, according to the build server?", "Restart the failed build of {project}.",
         "Is the build of {project} green on the build server?", "How long did the last CI run of {project} take?", "Download the artifacts of the latest build of {project}."),
        ("I can't reach the build server: none of my tools does. If it's about a log, paste it here.", "I don't have access to your builds, only to the working copy.",
         "That's not possible from here; nothing I have talks to the build server.", "I have no tool for the build server. You'd have to use its web page.",
         "I'm not able to look at CI runs: they happen on a machine that I can't reach."),
    ),
    (
        ("Publish {project} to the package index.", "Upload a new release of {project} and announce it.", "Sign the release of {project} with my key.",
         "Yank the last release of {project}.", "Put the wheel of {project} on our internal index."),
        ("I can't publish anything: I have neither your credentials nor a tool that uploads.", "There's no tool here for releases, so that isn't possible for me. You'd have to run your release process.",
         "I have no way to do that from here: releasing needs access that I don't have.", "I'm not able to release: nothing here uploads, and the keys are yours.",
         "That's beyond what I can do: a release has to be made by someone with the rights to it."),
    ),
    (
        ("Take a screenshot of the page that {path} renders.", "Click through the running app and tell me whether {path} works.", "Start {project} on my phone.",
         "Move the window with {path} to my second screen.", "Record a short demo video of {project}.", "Does the page look right on a small screen?"),
        ("I can't see or operate a running application: I have no screen.", "That isn't possible for me. I have no tool that drives a browser or a screen.",
         "I have no tool for that: nothing here can look at a screen.", "I'm not able to work with screens or devices; you would have to do that yourself.",
         "There's no tool here that opens windows or takes pictures, so I can't."),
    ),
    (
        ("Ask Jonas whether {path} can be deleted.", "Who in my company would mind if {path} went away?", "What did we decide about {path} in yesterday's meeting?",
         "Find out from the customer whether {path} still matters.", "What does our architect think of {path}?", "Did anyone complain about {path} in the stand-up?"),
        ("I can't ask people, and I don't know what was said elsewhere: I only have this project.", "That's not something I'm able to find out. No tool here reaches your colleagues; you would have to ask them.",
         "I don't have access to people or to notes of your meetings, so that's for you to ask.", "I can't reach your colleagues, and conversations outside this one don't reach me.",
         "I'm unable to help with that: nothing I have holds what people said or think."),
    ),
    (
        ("Order a faster laptop so that the tests of {project} run quicker.", "Pay this month's bill for the servers of {project}.", "Buy a licence for the profiler that {path} needs.",
         "How much did running {project} in the cloud cost us last month?"),
        ("I can't buy or pay anything, and I don't see your accounts.", "I have no tool for purchases or invoices: that is up to you.",
         "I'm not able to do that. Money matters are nothing that I have access to.", "That's beyond what I can do: no tool here reaches a shop or a bank."),
    ),
    (
        ("Turn this design sketch into code for {path}; it's on the whiteboard behind me.", "What does the diagram on slide 12 say about {path}?", "Listen to the recording of the call and note what concerns {path}.",
         "Read the PDF on my desk and compare it with {path}.", "Look at the photo I took of the error in {path}."),
        ("I can't see that: pictures, recordings and paper don't reach me. If you type out what matters, I'll work from it.", "I'm not able to look at it or listen to it. A written summary from you would do.",
         "I have no way to see anything outside this project's files.", "There's no tool here for pictures or sound, so I can't."),
    ),
    (
        ("Give Priya write access to {project}.", "Reset my password for the server that hosts {project}.", "Rotate the API keys that {project} uses.",
         "Protect the main branch of {project} on the server.", "Who has admin rights for {project}?"),
        ("I can't manage accounts or permissions: I have no access to them.", "I'm not able to: rights and passwords are kept where no tool of mine reaches.",
         "There's no tool here for access rights. An administrator has to do that.", "I have no way to see or change who may do what."),
    ),
    (
        ("Translate {path} with DeepL.", "Ask the other assistant what it thinks of {path}.", "Open {path} in my editor and put the cursor on the first line.",
         "Restart my editor, {path} is stuck in it.", "Profile {project} on the GPU cluster.", "Move the ticket for {path} to Done on our board."),
        ("I can't: I have no connection to any other program or service.", "I'm not able to operate that from here; nothing I have reaches it.",
         "There's no tool here that controls other programs, so that stays with you.", "I have no tool for that. It happens outside of what I can reach."),
    ),
    (
        ("When will the next release of {project} come out?", "How many people will use {path} a year from now?", "Will the customer like the change to {path}?",
         "How long will my colleague need to review {path}?", "Guarantee me that {path} never fails again."),
        ("I can't know that: it lies in the future, and no tool shows it.", "I'm not able to predict that. Anything I said would be invented.",
         "I have no way to find that out; nothing I have tells what is going to happen.", "I can't promise or foresee that, so I'd rather say so."),
    ),
)  # fmt: skip
BEYOND_SHELLS = (*OUTSIDE[9:12], OUTSIDE[14])
"""What people think and said, purchases, pictures and paper, the future: no command line could be tried on these, so that every tool may be at hand."""
