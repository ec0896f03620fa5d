#pragma once
// What a writer signs when it speaks to the collector. Each message begins with a line of its own,
// so that no signature can stand in for another (checkpoint.h has such lines too).

#include <string>

#include "audit/crypto.h"
#include "proto-parsers/base/bytes.h"

namespace chaperone::audit {

// A batch of frames (frame.h): only the holder of the key can speak for its writer, even where many
// share a token. `gap`: the writer declares that what is missing before the batch is gone.
std::string batch_message(const Id& writer, Bytes frames, bool gap);

// A request for enrolment: proves that the key is held, and to the holders of this token alone.
// `token` is the SHA-256 of the token.
std::string enrol_message(const Id& writer, const PublicKey& key, const Hash& token);

// The key that signed until now names the next, to the holders of this token alone.
std::string succession_message(const Id& writer, const PublicKey& key, const PublicKey& next,
                               const Hash& token);

}  // namespace chaperone::audit
