"""Report stage: metrics, leaderboard, figures and the page."""
