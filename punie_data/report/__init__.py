"""The report: one HTML file that shows a dataset, its figures and its rows, and that loads nothing from anywhere.

`write.write_report` makes it. Everything a row says is anybody's text: figures are escaped where they are written (`charts`, `sections`),
rows travel as compressed data (`embed`) and become text nodes in the browser, and the page's content security policy runs nothing but the
one script whose hash it names.
"""
