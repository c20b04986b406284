// Starts GraphiQL against the endpoint beside this page, wherever the service is mounted.
"use strict";

const place = document.getElementById("graphiql");
const endpoint = new URL(place.dataset.endpoint, document.baseURI);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";

const WELCOME = `# Ctrl-Enter runs the operation, Ctrl-Space completes what you type.
# A token goes under Headers: { "Authorization": "Bearer …" }

{
  __typename
}
`;

ReactDOM.createRoot(place).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: endpoint.href, subscriptionUrl: socket.href }),
    defaultQuery: WELCOME,
    defaultEditorToolsVisibility: true,
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
  }),
);
