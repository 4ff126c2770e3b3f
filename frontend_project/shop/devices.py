"""What somebody signed in with, by what their browser calls itself. Plain values in and out."""

# Each names itself beside those that it is like, so the first that is found counts.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "FxiOS/": "Firefox",
    "Firefox/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device(user_agent: str) -> str:
    """Its browser and what that runs on: "Firefox, Windows"; "" for what is none of those that most people have."""
    found = (next((name for mark, name in each.items() if mark in user_agent), "") for each in (BROWSERS, SYSTEMS))
    return ", ".join(name for name in found if name)
