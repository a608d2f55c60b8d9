"""Who may be contacted, by which channel, when, about what; the hand-over of them, and forgetting a person."""
