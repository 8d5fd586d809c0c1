extension String {
    /// The text for people, without the middle of lines that are longer than a message needs: those with a value of a megabyte.
    public var cutForMessage: String {
        let (limit, start, end) = (1500, 400, 200)
        guard utf8.count > limit else { return self }
        return split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let count = line.count
            return count > limit
                ? "\(line.prefix(start))… (\(count - start - end) characters) …\(line.suffix(end))" : String(line)
        }.joined(separator: "\n")
    }
}
