#include "sidecar/ship/client.h"

namespace chaperone::ship {

Result<Answer> Client::post(std::string_view path, std::string_view token,
                            const std::vector<std::pair<std::string_view, std::string>>& headers,
                            std::string_view body) {
  std::string head = "POST " + std::string(path) + " HTTP/1.1\r\nHost: " + place_.header + "\r\n";
  head.append("Authorization: Bearer ").append(token).append("\r\n");
  head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  for (const auto& [name, value] : headers)
    head.append(name).append(": ").append(value).append("\r\n");
  head += "\r\n";
  bool reused = connection_ != nullptr;
  auto answer = exchange(head, body);
  // The collector closes idle connections; one that was kept may be stale, a fresh one is not.
  if (!answer && reused && !interrupt_.fired()) answer = exchange(head, body);
  return answer;
}

Result<Answer> Client::exchange(const std::string& head, std::string_view body) {
  if (!connection_) {
    auto connection = Connection::open(place_, ca_file_, interrupt_);
    if (!connection) return connection.error();
    connection_ = std::move(*connection);
  }
  auto sent = connection_->send(head);
  if (sent) sent = connection_->send(body);
  auto answer = sent ? receive() : Result<Answer>(sent.error());
  if (!answer || answer->head.closes) connection_.reset();
  return answer;
}

Result<Answer> Client::receive() {
  std::string received;
  char chunk[8 * 1024];
  std::optional<std::size_t> end;
  Answer answer;
  while (!end || received.size() < *end + answer.head.body_bytes) {
    auto got = connection_->receive(chunk, sizeof chunk);
    if (!got) return got.error();
    if (*got == 0)
      return Error{"collector " + place_.header + ": it closed before its answer was whole"};
    received.append(chunk, *got);
    if (end) continue;
    end = head_end(received);
    if (!end && received.size() > kHeadBytesMax)
      return Error{"collector " + place_.header + ": its answer has no end"};
    if (!end) continue;
    auto head = parse_head(std::string_view(received).substr(0, *end));
    if (!head) return head.error();
    answer.head = std::move(*head);
  }
  // Nothing was asked for beyond this answer.
  if (received.size() != *end + answer.head.body_bytes) {
    return Error{"collector " + place_.header + ": bytes behind its answer"};
  }
  answer.body = received.substr(*end);
  return answer;
}

}  // namespace chaperone::ship
