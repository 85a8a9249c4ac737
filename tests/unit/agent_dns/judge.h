#pragma once

/// libldns as the judge of what we write, and as the author of questions.

#include <ldns/ldns.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dns/message.h"

namespace conclave::dns {

/// A reply as libldns reads it; each record as "owner ttl type data".
struct Judged {
  bool readable = false;
  int rcode = -1;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_available = false;
  std::string question;
  std::vector<std::string> answer;
  std::vector<std::string> authority;
  std::vector<std::string> additional;
  int edns_bytes = 0;  ///< 0 = no EDNS.
};

inline std::vector<std::string> judged_records(const ldns_rr_list* list) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
    char* text = ldns_rr2str(ldns_rr_list_rr(list, i));
    std::string line(text);
    std::free(text);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    for (char& c : line) c = c == '\t' ? ' ' : c;
    const std::size_t class_at = line.find(" IN ");
    if (class_at != line.npos) line.erase(class_at, 3);
    texts.push_back(line);
  }
  return texts;
}

inline Judged judge(const std::string& bytes) {
  Judged judged;
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) !=
      LDNS_STATUS_OK) {
    return judged;
  }
  const std::unique_ptr<ldns_pkt, void (*)(ldns_pkt*)> owner(packet, ldns_pkt_free);
  judged.readable = true;
  judged.rcode = ldns_pkt_get_rcode(packet);
  judged.authoritative = ldns_pkt_aa(packet);
  judged.truncated = ldns_pkt_tc(packet);
  judged.recursion_available = ldns_pkt_ra(packet);
  const auto question = judged_records(ldns_pkt_question(packet));
  if (!question.empty()) judged.question = question.front();
  judged.answer = judged_records(ldns_pkt_answer(packet));
  judged.authority = judged_records(ldns_pkt_authority(packet));
  judged.additional = judged_records(ldns_pkt_additional(packet));
  if (ldns_pkt_edns(packet)) judged.edns_bytes = ldns_pkt_edns_udp_size(packet);
  return judged;
}

/// The bytes of a question; with EDNS when `udp_bytes` is not 0.
inline std::string written_question(const std::string& name, Type type,
                                    std::uint16_t udp_bytes = 0) {
  ldns_rdf* owner = ldns_dname_new_frm_str(name.c_str());
  ldns_pkt* packet =
      ldns_pkt_query_new(owner, static_cast<ldns_rr_type>(type), LDNS_RR_CLASS_IN, LDNS_RD);
  ldns_pkt_set_id(packet, 77);
  if (udp_bytes != 0) ldns_pkt_set_edns_udp_size(packet, udp_bytes);
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  ldns_pkt2wire(&wire, packet, &size);
  std::string bytes(reinterpret_cast<const char*>(wire), size);
  std::free(wire);
  ldns_pkt_free(packet);
  return bytes;
}

inline Query question(const std::string& name, Type type, std::uint16_t udp_bytes = 0) {
  return parse_query(written_question(name, type, udp_bytes)).value();
}

}  // namespace conclave::dns
