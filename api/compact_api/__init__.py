"""How the world asks: the GraphQL schema, and the pages."""
