"""What past data say of a site's rules: labelled events against warnings, and limits from a channel's own history.

Knows recordings, warnings and the inventory as data; feeds no gateway and opens no socket.
"""
