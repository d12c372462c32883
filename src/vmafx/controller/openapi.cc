#include "vmafx/controller/openapi.h"

#include <fmt/format.h>

#include "value/json.h"

namespace vmafx::controller {

using value::Json;

namespace {

Json Text(const char* description) {
  return {{"type", "string"}, {"description", description}};
}

Json Number(const char* description) {
  return {{"type", "number"}, {"format", "double"}, {"description", description}};
}

Json Reference(const char* schema) {
  return {{"$ref", std::string("#/components/schemas/") + schema}};
}

Json Body(const char* description, const Json& schema) {
  return {{"description", description}, {"content", {{"application/json", {{"schema", schema}}}}}};
}

Json Plain(const char* description, const char* type) {
  return {{"description", description}, {"content", {{type, {{"schema", {{"type", "string"}}}}}}}};
}

Json Problem(const char* description) {
  return Body(description, Reference("Error"));
}

// An operation that anybody may call.
Json Open(const char* id, const char* summary, const Json& responses) {
  return {{"get",
           {{"operationId", id},
            {"summary", summary},
            {"security", Json::array()},
            {"responses", responses}}}};
}

Json ScoreOperation() {
  return {{"operationId", "score"},
          {"summary", "Scores one pair and waits for it"},
          {"description",
           "Submits an unpinned job and answers when it is finished. When the call's time is over "
           "the job is cancelled; when the client goes away it is done all the same."},
          {"requestBody",
           {{"required", true},
            {"content", {{"application/json", {{"schema", Reference("ScoreRequest")}}}}}}},
          {"responses",
           {{"200", Body("The score", Reference("ScoreResponse"))},
            {"400", Problem("The body is no JSON, or a field is missing, unknown or wrong")},
            {"401", Problem("No token, or nobody that is known")},
            {"403", Problem("The caller may not submit")},
            {"413", Problem("The body is larger than 1 MiB")},
            {"429", Problem("As many scores as are allowed at once are under way")},
            {"500", Problem("The pair could not be scored")},
            {"503", Problem("No worker takes unpinned jobs, or the controller stops")},
            {"504", Problem("No score in the call's time; the job is cancelled")}}}};
}

Json JobOperation() {
  return {{"operationId", "getJob"},
          {"summary", "One job, as GetJob gives it"},
          {"parameters", Json::array({{{"name", "id"},
                                       {"in", "path"},
                                       {"required", true},
                                       {"schema", {{"type", "string"}, {"format", "uuid"}}}}})},
          {"responses",
           {{"200", Body("The job: vmafx.controller.v1.Job", {{"type", "object"}})},
            {"401", Problem("No token, or nobody that is known")},
            {"403", Problem("The caller may not read jobs")},
            {"404", Problem("There is no such job")}}}};
}

Json Paths() {
  const Json health = {{"200", Body("It runs", Reference("Status"))}};
  const Json ready = {{"200", Body("It can serve", Reference("Status"))},
                      {"503", Body("It cannot, and why", Reference("Status"))}};
  return {
      {"/v1/score", {{"post", ScoreOperation()}}},
      {"/v1/jobs/{id}", {{"get", JobOperation()}}},
      {"/v1/health", Open("health", "Whether the program runs", health)},
      {"/v1/ready", Open("ready", "Whether it can serve", ready)},
      {"/healthz", Open("healthz", "As /v1/health", health)},
      {"/readyz", Open("readyz", "As /v1/ready", ready)},
      {"/startupz", Open("startupz", "As /v1/ready", ready)},
      {"/livez", Open("livez", "Whether the program runs", health)},
      {"/metrics",
       Open("metrics", "Prometheus metrics", {{"200", Plain("Text format 0.0.4", "text/plain")}})},
      {"/swagger",
       Open("swagger", "This description for people", {{"200", Plain("A page", "text/html")}})},
      {"/swagger/spec.json", Open("specification", "This description",
                                  {{"200", Body("OpenAPI 3.0", {{"type", "object"}})}})},
  };
}

Json Object(const Json& properties, const Json& required = Json::array()) {
  Json object = {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
  if (!required.empty()) object["required"] = required;
  return object;
}

Json Schemas() {
  return {
      {"ScoreRequest", Object({{"reference", Text("URI of the reference, as a VmafxJob has it")},
                               {"distorted", Text("URI of the distorted one")},
                               {"model", Text("Empty: the worker's default, vmaf_v0.6.1")},
                               {"options", Reference("ScoreOptions")}},
                              {"reference", "distorted"})},
      {"ScoreOptions",
       Object({{"width", {{"type", "integer"}}},
               {"height", {{"type", "integer"}}},
               {"pixel_format", {{"type", "string"}, {"enum", {"420", "422", "444"}}}},
               {"bitdepth", {{"type", "integer"}, {"enum", {8, 10, 12, 16}}}},
               {"backend", Text("auto (default), cpu, cuda, sycl, hip or metal")},
               {"threads", {{"type", "integer"}, {"minimum", 0}, {"maximum", 256}}},
               {"precision", {{"type", "string"}, {"enum", {"max"}}}}})},
      {"ScoreResponse",
       {{"type", "object"},
        {"required", {"score", "features"}},
        {"properties",
         {{"job_id", Text("The job that made it")},
          {"score", Number("The pooled mean")},
          {"features",
           {{"type", "object"}, {"additionalProperties", Number("Pooled mean of a feature")}}},
          {"provenance", {{"type", "object"}, {"description", "vmafx.v1.Provenance"}}}}}}},
      {"Status",
       {{"type", "object"},
        {"required", {"status"}},
        {"properties",
         {{"status", Text("ok, ready or not ready")}, {"reason", Text("Why it is not ready")}}}}},
      {"Error", Object({{"error", Text("What is wrong, where, and what to do")}}, {"error"})},
  };
}

}  // namespace

std::string OpenApi(const std::string& version) {
  const Json document = {{"openapi", "3.0.3"},
                         {"info",
                          {{"title", "vmafx-controller"},
                           {"version", version},
                           {"description",
                            "Scores on demand, probes and metrics. Everything else is gRPC "
                            "(vmafx.controller.v1.VmafxController)."}}},
                         {"security", Json::array({{{"bearer", Json::array()}}})},
                         {"paths", Paths()},
                         {"components",
                          {{"schemas", Schemas()},
                           {"securitySchemes",
                            {{"bearer",
                              {{"type", "http"},
                               {"scheme", "bearer"},
                               {"description", "Needed where identity is on (VMAFX_AUTH)"}}}}}}}};
  return document.dump(2);
}

std::string OpenApiPage(const std::string& specification) {
  const Json document = Json::parse(specification);
  std::string rows;
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string answers;
      for (const auto& [status, answer] : operation["responses"].items()) {
        answers +=
            fmt::format("<div>{} {}</div>", status, answer["description"].get<std::string>());
      }
      rows += fmt::format("<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td>{}</td></tr>\n",
                          method, path, operation["summary"].get<std::string>(), answers);
    }
  }
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>vmafx-controller</title>\n<style>body{{font-family:sans-serif;margin:2em}}"
      "td{{padding:.3em 1em;vertical-align:top;border-top:1px solid #ccc}}"
      "td:first-child{{text-transform:uppercase}}</style></head><body>\n"
      "<h1>vmafx-controller</h1>\n<p>The whole description, for programs: "
      "<a href=\"/swagger/spec.json\">OpenAPI 3.0</a></p>\n<table>\n{}</table>\n</body></html>\n",
      rows);
}

}  // namespace vmafx::controller
