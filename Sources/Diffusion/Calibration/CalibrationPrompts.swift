/// The default calibration prompts: things, people, places and styles, short and long. Every eighth prompt is a plain thing on a
/// plain ground, which small models can draw, so that every part of the list has some.
public enum CalibrationPrompts {
    public static let standard = """
        a red heart on a white background
        a photo of a red apple on a wooden table
        a pink unicorn on a blue background
        a yellow star on a purple background
        portrait of an old fisherman with a white beard, natural light
        a castle on a hill at sunset, oil painting
        a cup of coffee next to an open book
        an astronaut riding a horse on the moon
        a green cactus on an orange background
        a cat sleeping on a windowsill
        a green sports car driving through a desert
        a blue umbrella on a gray background
        a bowl of ramen, food photography
        a cozy cabin in a snowy forest at night
        a yellow rubber duck in a bathtub
        a futuristic city with flying cars, neon lights
        a pink flower on a green background
        a field of sunflowers under a cloudy sky
        a close-up of a dragonfly on a leaf, macro photography
        a black cat on a yellow background
        a watercolor painting of a sailing boat
        a robot playing the violin
        a bunch of purple grapes on a white background
        a dog wearing sunglasses on the beach
        a white rabbit on a red background
        a mountain lake with reflections, golden hour
        a knight in shining armor, fantasy art
        an orange pumpkin on a black background
        a slice of chocolate cake with strawberries
        a steam locomotive crossing a stone bridge
        two children building a sandcastle
        an owl on a branch at night, full moon
        a purple butterfly on a white background
        a minimalist living room with large windows
        a hot air balloon over green valleys
        a brown bear on a blue background
        a tiger walking through tall grass
        a pencil sketch of a ballet dancer
        a glass of orange juice with ice
        a lighthouse in a storm, dramatic waves
        a gray elephant on a pink background
        a woman with red hair reading in a library
        a bicycle leaning against a brick wall
        a smiling face on a yellow background
        a bouquet of white roses in a blue vase
        a dragon flying over a village, digital art
        a street market in Marrakesh, busy crowd
        a penguin on an ice floe
        a hot air balloon on a blue background
        a vintage camera on a map
        the Eiffel tower in the rain, impressionist
        a slice of pizza on a red background
        a bowl of fresh salad, top view
        a black and white photo of a jazz musician
        a koala holding a balloon
        a waterfall in a tropical jungle
        a house with a red roof on a green background
        a chess board with marble pieces
        a smiling girl with a yellow umbrella
        a sailing boat on a blue background
        an elephant drinking at a river
        a wooden bridge in autumn colors
        a logo of a fox, flat design
        a plate of sushi on a black background
        a birthday cake on a pink background
        a racing bicycle on a mountain road
        a snow leopard on a rock, wildlife photography
        a rocket on a black background
        a cartoon monster with three eyes
        a red telephone booth in London
        a pair of leather boots
        a jellyfish glowing in the deep sea
        a camera on a white background
        an ancient temple covered in vines
        a violin on a chair, still life
        a guitar on an orange background
        a yellow taxi in New York at night
        a butterfly on a purple flower
        a man playing chess in the park
        a spaceship landing on a red planet
        a snowflake on a blue background
        a stack of pancakes with maple syrup
        a horse galloping along the shore
        a crown on a purple background
        a stained glass window with a bird
        a small green frog on a lily pad
        a clock tower in the fog
        a pizza with olives and basil
        an airplane on a white background
        a portrait of a queen, renaissance painting
        a motorbike parked in front of a cafe
        a mushroom on a brown background
        a rainbow over a wheat field
        a panda eating bamboo
        a crystal ball on a velvet cloth
        a fire engine with flashing lights
        a light bulb on a yellow background
        a Japanese garden with a red bridge
        a blue parrot on a white background
        a red car on a gray background
        a basket of mushrooms in the forest
        a soccer player kicking a ball
        a desk with a laptop and a plant
        a polar bear swimming under the ice
        a green frog on a white background
        an apple tree full of fruit
        a carousel at night, long exposure
        a bunch of bananas on a blue background
        a grandmother knitting in an armchair
        a cactus in a clay pot
        a whale jumping out of the ocean
        a low poly landscape with mountains
        a silver spoon and a lemon, still life
        a medieval street with lanterns
        a rocket launch at dawn
        a sleeping newborn in a blanket
        a goldfish in a round bowl
        an abstract painting in orange and blue
        a farmer driving a tractor
        a ladybug on a green leaf
        a ship in a bottle
        a ghost in a haunted house
        a hamburger with fries
        a snowman with a carrot nose
        a spiral staircase from above
        a crowd at a concert, stage lights
        a pyramid in the desert under the stars
        a wolf howling, ink drawing
        """.split(separator: "\n").map(String.init)

    /// `count` prompts spread evenly over `all`; all of them where there are fewer.
    public static func spread(_ count: Int, over all: [String] = standard) -> [String] {
        let count = min(count, all.count)
        return (0..<count).map { all[$0 * all.count / count] }
    }
}
