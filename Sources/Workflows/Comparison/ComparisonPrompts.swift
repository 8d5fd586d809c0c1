/// The default prompts of a comparison.
public enum ComparisonPrompts {
    public static let standard = """
        a red cat on a blue background
        a pink unicorn on a blue background
        a smiling sun with sunglasses
        a green frog wearing a crown
        a slice of pizza with a happy face
        a yellow star with rosy cheeks
        a purple octopus playing a guitar
        a blue bird holding a letter
        a cup of coffee with steam
        a robot waving its hand
        a brown dog in a red hat
        a rainbow over a white cloud
        a strawberry with green leaves
        a rocket flying to the moon
        a sleeping panda
        a heart made of orange flowers
        """.split(separator: "\n").map(String.init)
}
