#pragma once
// Signatures: the writer's over its chain (a checkpoint is a record of the chain itself), and the
// collector's over the writer's key (an enrolment, part of every export).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "audit/crypto.h"
#include "audit/decoded.h"
#include "audit/record.h"
#include "proto-parsers/base/result.h"

namespace chaperone::audit {

// The size of a checkpoint record's parts behind its head, and those parts. `head_bytes` are the
// record's first bytes as write_head made them; the signature covers them, the writer and the key.
std::size_t checkpoint_tail_bytes();
void write_checkpoint_tail(Bytes head, const Id& writer, const SigningKey& key, std::uint8_t* out);

// Is this record a checkpoint of `writer`, signed by the key that it names?
bool checkpoint_valid(const DecodedRecord& record, Bytes bytes, const Id& writer);

// A change of key: the writer's own record that another key signs from here on, signed by the key
// that did until here. It vouches for the chain before it as a checkpoint does.
std::size_t key_change_tail_bytes();
void write_key_change_tail(Bytes head, const Id& writer, const SigningKey& key,
                           const PublicKey& next, std::uint8_t* out);
// Is this record a change of key of `writer`, signed by the key that it retires?
bool key_change_valid(const DecodedRecord& record, Bytes bytes, const Id& writer);

// "This key writes the chain of this writer, and I know it to be this pod", said by the collector.
struct Enrolment {
  Id writer{};
  PublicKey writer_key{};
  std::int64_t wall_ns = 0;
  std::map<std::string, std::string> claims;  // what the token vouched for: pod, namespace, ...
};

// Canonical bytes with the collector's key and signature.
std::vector<std::uint8_t> encode_enrolment(const Enrolment& enrolment, const SigningKey& collector);
// Refuses what is not canonical, or not signed by `collector`.
Result<Enrolment> decode_enrolment(Bytes document, const PublicKey& collector);
// The same without knowing the collector, checked against the key that the document names: for the
// sidecar, which only stores it and looks whether its own key was meant.
Result<Enrolment> read_enrolment(Bytes document);

// First 8 bytes of the key's SHA-256 as hex: how people and logs name a key.
std::string key_name(const PublicKey& key);

}  // namespace chaperone::audit
