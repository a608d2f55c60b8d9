"""Where things are and how YAML is read: settings, the clock, documents that know their lines, catalogs. Plain Python."""
