/// A line of a file of prompts: what to draw, and the options that hold for this line alone; nil for those of the command.
public struct PromptLine: Sendable, Equatable, Codable {
    /// Where in the file, from 1.
    public var number: Int
    public var prompt: String
    public var negativePrompt: String?
    /// Of the line's first picture.
    public var seed: UInt64?
    public var steps: Int?
    public var guidanceScale: Double?
    public var width: Int?
    public var height: Int?
    /// How much of a picture that is given is drawn anew, 0 to 1.
    public var strength: Double?
    /// Paths of a picture to begin with, and of the mask that says where to draw.
    public var image: String?
    public var mask: String?
    /// How many pictures.
    public var count: Int?
    /// Path of the picture to write.
    public var output: String?
    public var scheduler: String?
    /// `FILE[:scale]` each.
    public var lora: [String]?
    public var clipSkip: Int?

    public init(number: Int, prompt: String) {
        self.number = number
        self.prompt = prompt
    }

    /// The keys of a line of JSON; `line` is no key there, and is for those who keep a list of lines.
    enum CodingKeys: String, CodingKey, CaseIterable {
        case number = "line"
        case prompt
        case negativePrompt = "negative_prompt"
        case seed
        case steps
        case guidanceScale = "guidance_scale"
        case width
        case height
        case strength
        case image
        case mask
        case count
        case output
        case scheduler
        case lora
        case clipSkip = "clip_skip"
    }

    /// What a line of JSON may say.
    public static let keys = CodingKeys.allCases.filter { $0 != .number }.map(\.rawValue)
}
