"""Model zoo: one file per network of the leaderboard."""
