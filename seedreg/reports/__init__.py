"""Reports: how results are told, one file a format."""
