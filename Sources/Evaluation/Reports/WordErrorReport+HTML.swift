import Foundation

extension WordErrorReport {
    /// A page that stands alone: the figures, and each sample with the edits of each variant, those with the most errors first.
    /// - Parameter results: of each variant, as they were given to `init`.
    public func html(title: String, results: [[SampleResult]]) -> String {
        var body = HTMLPage.table(table.head, table.rows)
        for sentence in sentences { body += "<p>\(HTMLPage.escaped(sentence))</p>\n" }
        for failure in failures {
            body += "<p>Left out: \(HTMLPage.escaped(failure.audio)): \(HTMLPage.escaped(failure.reason))</p>\n"
        }
        body += "<p>Samples by their highest WER. <del>Missing words</del> <ins>wrong words</ins></p>\n"
        for index in Self.worstFirst(results) { body += sample(results.map { $0[index] }) }
        let style = """
            section { margin: 1.2em 0; border-top: 1px solid #ddd; }
            h2 { font-size: 1em; font-weight: normal; color: #555; }
            p { margin: 0.3em 0; }
            b { font-weight: normal; color: #555; }
            del { background: #fcc; }
            ins { background: #cfc; text-decoration: none; }
            """
        return HTMLPage.text(title: title, style: style, body: body)
    }

    /// The indices of samples, by the highest rate that a variant has for each; of equal ones, as they are.
    static func worstFirst(_ results: [[SampleResult]]) -> [Int] {
        let indices = results.first?.indices ?? 0..<0
        let worst = indices.map { index in
            results.map { variant in
                let words = variant[index].words
                return words.rate ?? (words.errorCount > 0 ? .infinity : 0)
            }.max() ?? 0
        }
        return indices.sorted { worst[$0] != worst[$1] ? worst[$0] > worst[$1] : $0 < $1 }
    }

    private func sample(_ results: [SampleResult]) -> String {
        guard let first = results.first else { return "" }
        let time = String(format: "%.1f s", first.audioSeconds)
        var text = "<section>\n<h2>\(HTMLPage.escaped(first.audio)), \(time)</h2>\n"
        text += "<p><b>reference:</b> \(HTMLPage.escaped(first.reference))</p>\n"
        for (variant, result) in zip(variants, results) {
            let rate = result.words.rate.map { String(format: "%.1f %%", $0 * 100) } ?? "\(result.words.errorCount) words"
            text += "<p><b>\(HTMLPage.escaped(variant.name)), \(rate):</b> \(Self.edits(result))</p>\n"
        }
        return text + "</section>\n"
    }

    /// The normalized reference made into the hypothesis.
    private static func edits(_ result: SampleResult) -> String {
        let (reference, hypothesis) = result.normalized
        return WordAlignment(reference: reference, hypothesis: hypothesis).edits.map { edit in
            switch edit {
            case .equal(let word): HTMLPage.escaped(word)
            case .substitution(let word, let other):
                "<del>\(HTMLPage.escaped(word))</del> <ins>\(HTMLPage.escaped(other))</ins>"
            case .deletion(let word): "<del>\(HTMLPage.escaped(word))</del>"
            case .insertion(let word): "<ins>\(HTMLPage.escaped(word))</ins>"
            }
        }.joined(separator: " ")
    }
}
