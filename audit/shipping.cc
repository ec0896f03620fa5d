#include "audit/shipping.h"

namespace chaperone::audit {

std::string batch_message(const Id& writer, Bytes frames, bool gap) {
  std::string message = "chaperone batch 1\n";
  message += as_text(writer);
  message += as_text(sha256(frames));
  message += gap ? '\1' : '\0';
  return message;
}

std::string enrol_message(const Id& writer, const PublicKey& key, const Hash& token) {
  std::string message = "chaperone enrol 1\n";
  message += as_text(writer);
  message += as_text(key);
  message += as_text(token);
  return message;
}

std::string succession_message(const Id& writer, const PublicKey& key, const PublicKey& next,
                               const Hash& token) {
  std::string message = "chaperone succession 1\n";
  message += as_text(writer);
  message += as_text(key);
  message += as_text(next);
  message += as_text(token);
  return message;
}

}  // namespace chaperone::audit
