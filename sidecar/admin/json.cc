#include "sidecar/admin/json.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "proto-parsers/base/json_depth.h"
#include "sidecar/admin/limits.h"

namespace chaperone::admin {

namespace {

constexpr unsigned kParse = rapidjson::kParseValidateEncodingFlag;

std::string text_of(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

bool parse(const std::string& text, rapidjson::Document& document) {
  if (!json_nests_within(text, kJsonDepthMax)) return false;
  document.Parse<kParse>(text.data(), text.size());
  return !document.HasParseError();
}

std::string error_reply(const std::string& message) {
  rapidjson::Document reply(rapidjson::kObjectType);
  reply.AddMember("ok", false, reply.GetAllocator());
  reply.AddMember("error", rapidjson::Value(message, reply.GetAllocator()), reply.GetAllocator());
  return text_of(reply) + '\n';
}

const rapidjson::Value* find(const rapidjson::Value& object, const char* key) {
  auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

}  // namespace

Result<AdminRequest> parse_admin_request(const std::string& line) {
  rapidjson::Document document;
  if (!parse(line, document) || !document.IsObject()) {
    return Error{"the request is no JSON object; send {\"command\": \"help\"}"};
  }
  const rapidjson::Value* command = find(document, "command");
  if (!command || !command->IsString()) {
    return Error{"the request names no command; send {\"command\": \"help\"}"};
  }
  AdminRequest request{{command->GetString(), command->GetStringLength()}, "{}"};
  const rapidjson::Value* arguments = find(document, "arguments");
  if (!arguments) return request;
  if (!arguments->IsObject()) return Error{"\"arguments\" must be a JSON object"};
  request.arguments = text_of(*arguments);
  return request;
}

std::string admin_request(const std::string& command, const std::string& arguments) {
  rapidjson::Document given, request(rapidjson::kObjectType);
  auto& memory = request.GetAllocator();
  request.AddMember("command", rapidjson::Value(command, memory), memory);
  if (parse(arguments, given) && given.IsObject()) {
    request.AddMember("arguments", rapidjson::Value(given, memory), memory);
  }
  return text_of(request) + '\n';
}

std::string admin_reply(const Result<std::string>& result) {
  if (!result.ok()) return error_reply(result.error().message);
  rapidjson::Document value;
  if (!parse(*result, value)) return error_reply("the answer is no JSON: a bug, please report it");
  return "{\"ok\":true,\"result\":" + text_of(value) + "}\n";
}

Result<std::string> parse_admin_reply(const std::string& line) {
  rapidjson::Document reply;
  if (!parse(line, reply) || !reply.IsObject()) return Error{"the sidecar's answer is no JSON"};
  const rapidjson::Value* error = find(reply, "error");
  if (error && error->IsString()) return Error{{error->GetString(), error->GetStringLength()}};
  const rapidjson::Value* result = find(reply, "result");
  if (!result) return Error{"the sidecar's answer holds no result"};
  return text_of(*result);
}

}  // namespace chaperone::admin
