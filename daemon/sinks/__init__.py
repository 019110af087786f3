"""Where rows are sent; one file a destination."""
