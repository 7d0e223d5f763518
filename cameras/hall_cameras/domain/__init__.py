"""The rules of cameras, pure: what is known of each, what is alerted, what is counted."""
