"""`python -m webhooks_ui` is the console script `webhooks-ui`."""

from webhooks_ui.cli.main import main

if __name__ == "__main__":
    main(prog_name="webhooks-ui")
