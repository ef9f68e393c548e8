// Lets the Vercel AI SDK 7 trace two made-up calls, one streamed, against a provider on this machine:
// `node make_vercel_v7.mjs dialects/vercel_v7/real.otlp.pb`. Needs ai@7, @ai-sdk/otel,
// @ai-sdk/openai-compatible, @opentelemetry/sdk-trace-node and @opentelemetry/otlp-transformer.

import http from "node:http";
import { writeFileSync } from "node:fs";
import { NodeTracerProvider, SimpleSpanProcessor, InMemorySpanExporter } from "@opentelemetry/sdk-trace-node";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { generateText, streamText, registerTelemetry } from "ai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { OpenTelemetry } from "@ai-sdk/otel";

const model = "gpt-4o-2024-11-20";
const usage = { prompt_tokens: 1800, completion_tokens: 4, total_tokens: 1804, prompt_tokens_details: { cached_tokens: 1280 } };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const piece of request) body += piece;
  await sleep(60);
  if (!JSON.parse(body).stream) {
    response.setHeader("content-type", "application/json");
    const choices = [{ index: 0, message: { role: "assistant", content: "made up" }, finish_reason: "stop" }];
    return response.end(JSON.stringify({ id: "chatcmpl-0", object: "chat.completion", created: 1, model, choices, usage }));
  }
  response.setHeader("content-type", "text/event-stream");
  const event = (value) => response.write(`data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model, ...value })}\n\n`);
  for (const content of ["ma", "de ", "up", null]) {
    event({ choices: [{ index: 0, delta: content ? { content } : {}, finish_reason: content ? null : "stop" }] });
    await sleep(20);
  }
  event({ choices: [], usage });
  response.end("data: [DONE]\n\n");
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ resource: resourceFromAttributes({ "service.name": "rag" }), spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
registerTelemetry(new OpenTelemetry());
const provider = createOpenAICompatible({ name: "openai", baseURL: `http://127.0.0.1:${server.address().port}/v1`, apiKey: "made-up", includeUsage: true });
const asked = { model: provider("gpt-4o"), prompt: "made up", telemetry: { isEnabled: true }, experimental_telemetry: { isEnabled: true } };
await generateText(asked);
for await (const _ of streamText(asked).textStream);
await sleep(200);
const spans = exporter.getFinishedSpans();
console.log(spans.map((span) => [span.name, span.instrumentationScope?.name]));
writeFileSync(process.argv[2], ProtobufTraceSerializer.serializeRequest(spans));
server.close();
