// A client made of the generated types: it compiles only if the description says what is used here.
import createClient from "openapi-fetch";
import type { components, operations, paths } from "./generated/tracker.js";

type FileResponse = components["schemas"]["FileResponse"];
type GroupEvent = components["schemas"]["GroupEvent"];

// Codes are an enumeration for each status.
type ShareConflict = operations["shareFile"]["responses"][409]["content"]["application/problem+json"]["code"];
const conflict: ShareConflict = "FileNameTaken";
// @ts-expect-error: no other code goes with this status.
const impossible: ShareConflict = "GroupNotFound";

// Operations are named, and the times to wait are described.
type TooMany = operations["logIn"]["responses"][429]["headers"]["Retry-After"];
const wait: TooMany = 5;

// The stream of events bears these.
type Watched = operations["watchEvents"]["responses"][200]["content"]["text/event-stream"];
const kindOf = (event: Watched): GroupEvent["kind"] => event.kind;

export async function listFiles(baseUrl: string, userName: string, password: string, group: string): Promise<FileResponse[]> {
  const client = createClient<paths>({ baseUrl });
  const login = await client.POST("/v2/sessions", { body: { userName, password } });
  if (login.error !== undefined) {
    throw new Error(`${login.error.code}: ${login.error.detail}`);
  }

  const all: FileResponse[] = [];
  let after: string | null = null;
  do {
    const query: { "page-size": number; after?: string } = { "page-size": 1000 };
    if (after !== null) {
      query.after = after;
    }

    const files = await client.GET("/v2/groups/{group}/files", {
      params: { path: { group }, query },
      headers: { Authorization: `Bearer ${login.data.token}` },
    });
    if (files.error !== undefined) {
      throw new Error(files.error.code === "NotMember" ? `Not a member of ${group}.` : files.error.detail);
    }

    all.push(...files.data);
    const link: string | null = files.response.headers.get("Link");
    after = link === null ? null : new URL(link.slice(1, link.indexOf(">")), baseUrl).searchParams.get("after");
  } while (after !== null);
  return all;
}

export { conflict, impossible, kindOf, wait };
