import Foundation
import Imaging
import TensorStore

/// The files of `-i`, for each input of a model.
struct InputFiles: Equatable {
    /// Paths by the input's index; none for those that are filled at random.
    private(set) var paths: [Int: [String]] = [:]

    private static let pictures = Set(ImageFormat.allCases.flatMap(\.fileExtensions))
    private static let others: Set<String> = ["npy", "bin"]

    /// Whether an input is given arrays or raw elements, whose type is the model's.
    func hasArrays(_ index: Int) -> Bool { paths[index]?.contains { !Self.isPicture($0) } ?? false }

    static func isPicture(_ path: String) -> Bool { pictures.contains(URL(filePath: path).pathExtension.lowercased()) }

    /// - Parameters:
    ///   - arguments: paths of files and folders, or `input:path,path`.
    ///   - find: the index of the input with a name.
    /// - Throws: `BenchmarkError.inputFile` for a path without files that can be read.
    init(_ arguments: [String], _ inputs: [PlannedInput], find: (String) -> Int?) throws(BenchmarkError) {
        var unnamed: [String] = []
        var current: Int?
        for argument in arguments {
            for part in argument.split(separator: ",").map(String.init) where !part.isEmpty {
                if let (index, path) = Self.named(part, find) {
                    current = index
                    paths[index, default: []] += try Self.files(path)
                } else if let current {
                    paths[current, default: []] += try Self.files(part)
                } else {
                    unnamed += try Self.files(part)
                }
            }
            // A name is for the paths of its own argument.
            current = nil
        }
        try distribute(unnamed, inputs)
    }

    /// The input and the path of `input:path`; a name may have colons, so that the longest one counts.
    private static func named(_ text: String, _ find: (String) -> Int?) -> (Int, String)? {
        for colon in text.indices.reversed() where text[colon] == ":" {
            if let index = find(String(text[..<colon])) { return (index, String(text[text.index(after: colon)...])) }
        }
        return nil
    }

    /// The path itself, or the files of a folder.
    private static func files(_ path: String) throws(BenchmarkError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .inputFile(path: path, reason: "there is no such file")
        }
        guard isFolder.boolValue else { return [path] }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
        let found = names.filter { name in
            let ending = URL(filePath: name).pathExtension.lowercased()
            return pictures.contains(ending) || others.contains(ending)
        }
        guard !found.isEmpty else { throw .inputFile(path: path, reason: "the folder has no pictures, .npy or .bin files") }
        return found.map { "\(path)/\($0)" }
    }

    /// Pictures go to inputs of pictures where there are some, and everything else to the other inputs in turn.
    private mutating func distribute(_ files: [String], _ inputs: [PlannedInput]) throws(BenchmarkError) {
        let free = inputs.filter { paths[$0.index] == nil }
        let takesPictures = free.filter(\.isPicture)
        for (isPicture, targets) in [
            (true, takesPictures.isEmpty ? free : takesPictures), (false, free),
        ] {
            let chosen = files.filter { Self.isPicture($0) == isPicture }
            guard !chosen.isEmpty else { continue }
            guard !targets.isEmpty else { throw .inputFile(path: chosen[0], reason: "every input has files of its own") }
            for (number, file) in chosen.enumerated() { paths[targets[number % targets.count].index, default: []].append(file) }
        }
    }
}

extension PlannedInput {
    /// A tensor of files: an array (`.npy`), raw elements (`.bin`), or pictures, as many as the batch.
    /// - Parameter shape: the shape of the tensor; nil for that of the file.
    /// - Throws: `BenchmarkError.inputFile`; `NumpyError`, `ImageError`, `FileError`, `ConversionError`.
    func tensor(of files: [String], first: Int, shape: Shape?) throws -> Tensor {
        let path = files[first % files.count]
        if InputFiles.isPicture(path) { return try pictures(files, first: first, shape: shape) }
        if path.lowercased().hasSuffix(".npy") {
            let array = try NumpyFile.read(path).converted(to: elementType)
            guard let shape, array.shape != shape else { return array }
            return try repeated(array, to: shape, path)
        }
        let file = try MappedFile(path: path)
        guard let shape else {
            throw BenchmarkError.inputFile(
                path: path, reason: "raw elements have no shape; say it with --data-shape '\(name)[…]'")
        }
        guard let count = shape.checkedElementCount, elementType.byteCount(of: count) == file.byteCount else {
            let expected = shape.checkedElementCount.flatMap { elementType.byteCount(of: $0) } ?? 0
            throw BenchmarkError.inputFile(
                path: path, reason: "'\(name)' takes \(elementType) \(shape), \(expected) bytes; the file has \(file.byteCount)")
        }
        return try Tensor(copying: file.bytes, shape: shape, of: elementType)
    }

    /// An array as often as a batch needs it; its own batch axis may be missing.
    private func repeated(_ array: Tensor, to shape: Shape, _ path: String) throws -> Tensor {
        let single = array.shape.rank == shape.rank ? Array(array.shape.dropFirst()) : array.shape.dimensions
        guard let whole = shape.checkedElementCount, array.elementCount > 0, whole % array.elementCount == 0,
            single == Array(shape.dropFirst())
        else {
            throw BenchmarkError.inputFile(path: path, reason: "'\(name)' takes the shape \(shape); the array is \(array.shape)")
        }
        let times = whole / array.elementCount
        guard times > 1 else { return try array.reshaped(to: shape) }
        var result = try Tensor(zeros: shape, of: elementType)
        array.withUnsafeBytes { source in
            result.withUnsafeMutableBytes { target in
                for copy in 0..<times {
                    UnsafeMutableRawBufferPointer(rebasing: target[copy * source.count..<(copy + 1) * source.count])
                        .copyMemory(from: source)
                }
            }
        }
        return result
    }

    private func pictures(_ files: [String], first: Int, shape: Shape?) throws -> Tensor {
        let path = files[first % files.count]
        guard let layout, let rowAxis = layout.axis("H"), let columnAxis = layout.axis("W"), let channel = layout.axis("C") else {
            throw BenchmarkError.inputFile(
                path: path, reason: "'\(name)' is no picture by its shape \(self.shape); say its layout: -layout '\(name)[NCHW]'")
        }
        let firstPicture = try ImageFile(path: path).image
        let shape = shape ?? Shape(layout.axes.map { ["H": firstPicture.height, "W": firstPicture.width, "C": 3][$0] ?? 1 })
        guard shape[channel] == 3 else {
            throw BenchmarkError.inputFile(path: path, reason: "'\(name)' has \(shape[channel]) channels; a picture has 3")
        }
        let (height, width) = (shape[rowAxis], shape[columnAxis])
        var samples: [UInt8] = []
        for number in 0..<(batch(in: shape) ?? 1) {
            let picture = number == 0 ? firstPicture : try ImageFile(path: files[(first + number) % files.count]).image
            let pixels = try picture.resized(width: width, height: height, filter: .bilinear).bytes
            if channel > rowAxis {
                samples += pixels
            } else {
                for plane in 0..<3 { samples += stride(from: plane, to: pixels.count, by: 3).map { pixels[$0] } }
            }
        }
        return try Tensor(samples, shape: shape).converted(to: elementType)
    }
}
