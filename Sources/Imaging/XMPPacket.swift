import TensorStore

/// A picture's texts as an XMP packet, which a WebP holds them in.
///
/// The texts are one property, a JSON array of pairs `[key, text]`: XML has no form for control characters, and a list keeps order
/// and equal keys. Reference: Adobe's XMP specification, part 1.
enum XMPPacket {
    private static let element = "glint:texts"

    /// XML's characters that a text can't have, and their names.
    private static let entities: [(byte: UInt8, name: [UInt8])] = [
        (UInt8(ascii: "&"), Array("&amp;".utf8)), (UInt8(ascii: "<"), Array("&lt;".utf8)),
        (UInt8(ascii: ">"), Array("&gt;".utf8)),
        (UInt8(ascii: "\""), Array("&quot;".utf8)), (UInt8(ascii: "'"), Array("&apos;".utf8)),
    ]

    static func make(_ entries: [ImageMetadata.Entry]) -> [UInt8] {
        let pairs = JSONValue.array(entries.map { .array([.string($0.key), .string($0.text)]) })
        // As bytes: a character of Swift may have an accent after "<".
        let text = "\(pairs)".utf8.flatMap { byte in entities.prefix(3).first { $0.byte == byte }?.name ?? [byte] }
        let start = """
            <?xpacket begin="\u{FEFF}" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">\
            <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\
            <rdf:Description rdf:about="" xmlns:glint="urn:glint:texts"><\(element)>
            """
        let end = "</\(element)></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"
        return Array(start.utf8) + text + Array(end.utf8)
    }

    /// The texts in a packet; none where another program made it.
    static func entries(in packet: [UInt8]) -> [ImageMetadata.Entry] {
        guard let start = packet.firstRange(of: Array("<\(element)>".utf8)),
            let end = packet[start.upperBound...].firstRange(of: Array("</\(element)>".utf8)),
            let json = try? JSONValue(parsing: unescaped(packet[start.upperBound..<end.lowerBound])), let pairs = json.array
        else { return [] }
        let found = pairs.compactMap { pair -> ImageMetadata.Entry? in
            guard let both = pair.array, both.count == 2, let key = both[0].string, let text = both[1].string else { return nil }
            let entry = ImageMetadata.Entry(key: key, text: text)
            return entry.hasValidKey ? entry : nil
        }
        return Array(found.prefix(ImageMetadata.maximumCount))
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var (plain, rest) = ([UInt8](), bytes)
        plain.reserveCapacity(bytes.count)
        while let byte = rest.first {
            let entity = byte == UInt8(ascii: "&") ? entities.first { rest.starts(with: $0.name) } : nil
            plain.append(entity?.byte ?? byte)
            rest = rest.dropFirst(entity?.name.count ?? 1)
        }
        return plain
    }
}
