// Stands for the source of a picture.
export default '<svg xmlns="http://www.w3.org/2000/svg"></svg>';
