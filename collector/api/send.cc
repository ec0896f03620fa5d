// What writers send. Their client reads headers alone; the body of an answer is for people.
#include <rapidjson/document.h>

#include "audit/text.h"
#include "collector/api/api.h"
#include "collector/json.h"

namespace chaperone::collector {

namespace {
HttpReply as_reply(const IngestReply& result) {
  HttpReply reply;
  if (result.status == 200) {
    JsonOut json;
    json.open('{').field("acknowledged", static_cast<std::int64_t>(result.acknowledged));
    json.field("stored", static_cast<std::int64_t>(result.stored));
    json.field("duplicates", static_cast<std::int64_t>(result.duplicates)).close('}');
    reply.body = json.take();
  } else {
    reply = error_reply(result.status, result.code, result.message);
    reply.headers.emplace_back("Chaperone-Error", result.code);
  }
  reply.headers.emplace_back("Chaperone-Acknowledged", std::to_string(result.acknowledged));
  if (result.expected != 0)
    reply.headers.emplace_back("Chaperone-Expected", std::to_string(result.expected));
  return reply;
}

bool member(const rapidjson::Document& json, const char* name, std::string& out) {
  auto found = json.FindMember(name);
  if (found == json.MemberEnd() || !found->value.IsString()) return false;
  out.assign(found->value.GetString(), found->value.GetStringLength());
  return true;
}
}  // namespace

HttpReply Api::enrol(const HttpRequest& request) {
  rapidjson::Document json;
  json.Parse(request.body.data(), request.body.size());
  EnrolRequest enrol;
  std::string writer, key, signature;
  bool whole = !json.HasParseError() && json.IsObject() && member(json, "writer", writer) &&
               member(json, "key", key) && member(json, "signature", signature) &&
               audit::from_hex(writer, enrol.writer) && audit::from_hex(key, enrol.key) &&
               audit::from_hex(signature, enrol.signature);
  std::string previous, succession;
  if (whole && json.HasMember("previous")) {
    enrol.previous.emplace();
    whole = member(json, "previous", previous) && member(json, "succession", succession) &&
            audit::from_hex(previous, *enrol.previous) &&
            audit::from_hex(succession, enrol.succession);
  }
  if (!whole) {
    return error_reply(400, "body",
                       "wanted: {\"writer\": 32 hex digits, \"key\": 64, \"signature\": 128}; for "
                       "a next key also \"previous\": 64, \"succession\": 128");
  }
  IngestReply result = parts_.ingest.enrol(*request.token, enrol);
  if (result.status != 200) return as_reply(result);
  HttpReply reply;
  reply.type = "application/octet-stream";
  reply.body = std::move(result.document);
  reply.headers.emplace_back("Chaperone-Acknowledged", std::to_string(result.acknowledged));
  return reply;
}

HttpReply Api::batches(const HttpRequest& request) {
  BatchRequest batch;
  std::string gap = request.header("Chaperone-Gap");
  bool whole = audit::from_hex(request.header("Chaperone-Writer"), batch.writer) &&
               audit::from_hex(request.header("Chaperone-Signature"), batch.signature) &&
               (gap.empty() || gap == "declared");
  if (!whole) {
    return error_reply(400, "headers",
                       "wanted: Chaperone-Writer (32 hex digits), Chaperone-Signature (128), and "
                       "Chaperone-Gap absent or \"declared\"");
  }
  batch.gap = !gap.empty();
  batch.frames = request.body;
  return as_reply(parts_.ingest.batch(*request.token, batch));
}

}  // namespace chaperone::collector
