#pragma once
// The writer's signing key on the disk: `writer.key`, and while a change of key is under way
// `writer.key.next` beside it. Both 0600; a file that others can read is refused.

#include <cstdint>
#include <optional>
#include <string>

#include "audit/crypto.h"
#include "proto-parsers/base/result.h"

namespace chaperone::spool {

// Made at the first start.
Result<audit::SigningKey> load_key(const std::string& key_dir);
// When the key was made: the file's time. 0: there is none.
std::int64_t key_made_ns(const std::string& key_dir);

// The key to come, made if there is none. One that already signs (`current`: a change that was
// announced and whose last step failed) first takes its place.
Result<audit::SigningKey> load_next_key(const std::string& key_dir,
                                        const audit::PublicKey& current);
// The next key takes the key's place, for good.
Result<void> adopt_next_key(const std::string& key_dir);
// After a crash: the next key takes its place if `announced` is it, because the chain already
// names it; otherwise it goes on waiting.
Result<void> finish_key_change(const std::string& key_dir,
                               const std::optional<audit::PublicKey>& announced);

// Keeps an earlier key's enrolment beside the present one, for who proves a spool by itself.
Result<void> keep_enrolment(const std::string& dir, const std::string& document);

}  // namespace chaperone::spool
