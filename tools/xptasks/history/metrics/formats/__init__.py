"""How a report is written: `text` for people, `json` for programs, `prometheus` for a scraper."""
